"""A server that has to prove its name: the TLS context, and why a certificate was refused.

mbedtls checks dates against the board's RTC (a PC's against the host's clock): the clock is set by
NTP first. Texts of its refusals: mbedtls_x509_crt_verify_info(), a line for each thing wrong.
"""

import time

import tls


def context(root):
    """An SSLContext that takes only what comes from `root` (DER or PEM, bytes), or anything where
    that is None. ValueError where `root` is no certificate."""
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if root is None:
        made.verify_mode = tls.CERT_NONE
    else:
        made.verify_mode = tls.CERT_REQUIRED
        made.load_verify_locations(root)
    return made


def distrust(text, host):
    """The sentence for what MicroPython says of a certificate that it refused."""
    if "signed" not in text and "CN" in text:
        return "the server's certificate is not for %s: check the URL" % host
    if "signed" not in text and ("expired" in text or "future" in text):
        date = "%d-%02d-%02d" % time.gmtime()[:3]
        return "the server's certificate is not valid on this board's date, %s" % date
    return "the server's certificate does not come from ca_file: check it, and the network"
