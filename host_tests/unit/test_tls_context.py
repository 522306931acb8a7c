"""Which root certificates TLS is given: those of each file that ca_file names, DER or PEM."""

import os

import secure


def der(*content):
    """Sequences whose lengths stand in two bytes, as certificates are."""
    return b"".join(b"\x30\x82" + len(part).to_bytes(2, "big") + part for part in content)


def roots_of(*files):
    """What TLS is given where ca_file names files with these contents; or why it is refused."""
    from islog import tls_context

    names = ["islog-test-root%d" % i for i in range(len(files))]
    builtin, tls_context.tls = tls_context.tls, secure
    try:
        for name, data in zip(names, files):
            with open(name, "wb") as f:
                f.write(data)
        return tls_context.context(names if len(names) > 1 else names[0]).roots
    except ValueError as e:
        return str(e)
    finally:
        tls_context.tls = builtin
        for name in names:
            os.remove(name)


ONE, OTHER, THIRD = der(b"1" * 300), der(b"\x30\x82" * 200), der(b"3" * 60000)
PEM = b"# A root\r\n-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n"


def test_each_root_of_each_file_is_loaded():
    assert roots_of(ONE) == [ONE]
    assert roots_of(ONE + OTHER + THIRD) == roots_of(ONE, OTHER + THIRD) == [ONE, OTHER, THIRD]
    assert roots_of(PEM) == [PEM] and roots_of(PEM, THIRD, PEM) == [PEM, THIRD, PEM]


def test_a_file_that_holds_no_root_is_refused_by_its_name():
    for data in (b"", b"hello", b"\x30", b"\x30\x82\x01", ONE[:-1], ONE + OTHER[:50], ONE + b"\n"):
        assert roots_of(data) == (
            "ca_file islog-test-root0 holds no certificate that can be read (DER or PEM)"
        )
        assert roots_of(ONE, data).startswith("ca_file islog-test-root1 holds no certificate")


def test_pem_where_the_firmware_reads_none_is_told_as_such():
    secure.reads_pem = False
    try:
        assert roots_of(ONE, PEM) == (
            "ca_file islog-test-root1 is PEM, which this firmware cannot read, or damaged:"
            " make flash turns it into DER"
        )
        assert roots_of(ONE + OTHER) == [ONE, OTHER]
    finally:
        secure.reads_pem = True
