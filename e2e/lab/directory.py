"""What the lab's Python scripts share: opening a DC's database, and names in it.

Runs under /usr/bin/python3, the one that Debian's samba module belongs to. Changes go straight into the
database (sam.ldb) of a local DC, which sees them at once; passwords go through LDAPS, as the DC itself must
see those.
"""

import os
import subprocess
import sys

LAB = os.path.dirname(os.path.abspath(__file__))
NEVER = 9223372036854775807
TICKS_PER_SECOND = 10_000_000
UNIX_EPOCH_IN_TICKS = 116_444_736_000_000_000


def become_root():
    """The database belongs to root; another user is sent through sudo."""
    if os.geteuid() != 0:
        name = os.path.basename(sys.argv[0])
        print(f"{name}: needs root to open the DC's database: using sudo", file=sys.stderr)
        keep = [f"{k}={v}" for k, v in os.environ.items() if k == "ADIT_LAB_STATE"]
        os.execvp("sudo", ["sudo", *keep, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


become_root()

try:
    import ldb
    from samba.auth import system_session
    from samba.credentials import DONT_USE_KERBEROS, Credentials
    from samba.param import LoadParm
    from samba.samdb import SamDB
except ImportError:
    sys.exit("the samba module is missing: run e2e/lab/samba-dc install, and use /usr/bin/python3")


class Dc:
    """One local domain controller of the lab."""

    def __init__(self, name):
        import json

        told = subprocess.run([LAB + "/samba-dc", "info", name], capture_output=True, text=True)
        if told.returncode:
            sys.exit(told.stderr.strip())
        self.info = json.loads(told.stdout)
        self.base = self.info["base_dn"]

    def _parameters(self):
        lp = LoadParm()
        lp.load(self.info["smb_conf"])
        lp.set("log level", "0")
        # The hook is the DC's; it must not run in this process.
        lp.set("check password script", "")
        return lp

    def open(self, batch=False):
        """The local database, with all rights. With `batch`, one failed write undoes its whole transaction."""
        lp = self._parameters()
        options = ["batch_mode:1"] if batch else []
        return SamDB(url=self.info["sam_ldb"], session_info=system_session(lp), lp=lp, options=options)

    def bind(self, user, password):
        """A connection over LDAPS, with the rights of `user` (a DN or a UPN)."""
        lp = self._parameters()
        lp.set("tls cafile", self.info["ca_cert"])
        lp.set("tls verify peer", "ca_and_name_if_available")
        who = Credentials()
        who.guess(lp)
        who.set_kerberos_state(DONT_USE_KERBEROS)
        who.set_bind_dn(user)
        who.set_password(password)
        return SamDB(url=self.info["ldaps_url"], credentials=who, lp=lp)


def child(db, parent, value, kind="CN"):
    """The DN of `value` below `parent`, with the specials of RFC 4514 escaped."""
    dn = ldb.Dn(db, f"{kind}=x")
    dn.set_component(0, kind, value)
    dn.add_base(ldb.Dn(db, str(parent)))
    return str(dn)


def message(db, dn, attributes, flag):
    """A change: None or [] clears an attribute, anything else is its new value or values."""
    change = ldb.Message(ldb.Dn(db, str(dn)))
    for name, value in attributes.items():
        values = [] if value is None else value if isinstance(value, list) else [value]
        raw = [v if isinstance(v, bytes) else str(v).encode() for v in values]
        if raw or flag == ldb.FLAG_MOD_REPLACE:
            change[name] = ldb.MessageElement(raw, flag, name)
    return change


def ticks(seconds):
    """Unix time as the directory writes it: 100 ns steps since 1601."""
    return UNIX_EPOCH_IN_TICKS + int(seconds * TICKS_PER_SECOND)


def quoted_password(text):
    return f'"{text}"'.encode("utf-16-le")


def ldap_string(value):
    """`value` as it may stand in a search filter."""
    return ldb.binary_encode(value)
