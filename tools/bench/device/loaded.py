"""The modules of a board's firmware that islog imports: they are loaded, and not counted as
islog's."""

import array
import hashlib
import json
import os
import random
import socket
import time

import machine
import requests
import uctypes

modules = (array, hashlib, json, os, random, socket, time, machine, requests, uctypes)
