"""Why TLS gave no answer, in words: what the numbers of its errors mean.

Loaded only where something is wrong. A number is mbedtls's own (ssl.h, x509.h, pk.h; negative) or
the port's. docs/troubleshooting.md has the same words.
"""

import gc

# Below 0x1000 the port's, else mbedtls's, with the sign left out. An error of certificates (0x2000
# to 0x2FFF) or keys (0x3000 to 0x4FFF) without a line of its own has that of 0x2000 or 0x4000.
NUMBERS = {
    104: "the server cut TLS off while it was set up: check the port; it may want a certificate",
    0x7200: "what answers there speaks no TLS: check https:// and the port",
    0x7780: "the server broke TLS off: it may want a client certificate, or a version or cipher"
    " that this board does not have",
    0x6E80: "the server speaks no version of TLS that this board does",
    0x6E00: "the server and this board have no cipher in common",
    0x7280: "the server hung up in the middle of TLS: check the port, and what the server says",
    0x7880: "the server has ended TLS: look at what it says",
    0x7700: "the server's TLS went wrong: look at what it says",
    0x7180: "what came was changed on its way: check the network",
    0x7800: "the server does not know its name in this URL: check the URL",
    0x2700: "the server's certificate was refused: check ca_file, the URL and the date",
    0x7A00: "the server's certificate cannot be read by this board",
    0x2000: "the server's certificate cannot be read by this board",
    0x4000: "the server's key is of a kind that this board cannot check",
}
MEMORY = "TLS has too little memory: it wants 16.7 KB in one piece; %d KB of the heap are free"


def words(number):
    """What NUMBERS says of a number; None where it says nothing."""
    number = abs(number)
    if number in (32, 103):  # EPIPE, from a write after a reset, and lwIP's ECONNABORTED for it
        number = 104  # ECONNRESET
    # (mbedtls adds an error of a lower layer in the low seven bits.)
    found = NUMBERS.get(number) or NUMBERS.get(number & ~0x7F)
    if not found and 0x2000 <= number < 0x5000:
        found = NUMBERS[0x2000 if number < 0x3000 else 0x4000]
    return found


def starved(number):
    """Whether the number means that TLS had too little memory. mbedtls_raise_error() makes ENOMEM
    (12) of that (extmod/modtls_mbedtls.c); else it is an ALLOC_FAILED of one of mbedtls's parts,
    alone or in the low seven bits of another error. (Where TLS was not begun, ENOMEM means that
    the port has too many connections.)"""
    number = abs(number)
    if number < 0x1000:
        return number in (12, 0x10, 0x6A)
    # SSL, X509, PK, ECP, MD, CIPHER; in the low bits MPI and ASN1.
    alone = number & ~0x7F in (0x7F00, 0x2880, 0x3F80, 0x4D80, 0x5180, 0x6180)
    return alone or number & 0x7F in (0x10, 0x6A)


def reason(number, securing):
    """(The beginning of the sentence for an error of TLS; whether TLS had too little memory to be
    set up.) `securing`: it was being set up. (Afterwards the port's ENOMEM is not TLS's.)"""
    found, short = words(number), starved(number)
    if short and (securing or abs(number) >= 0x1000):
        gc.collect()
        found = MEMORY % (gc.mem_free() // 1024)
    short = short and securing
    return "no answer (%d: %s)" % (number, found) if found else "no answer (%d)" % number, short
