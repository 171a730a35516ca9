#!/usr/bin/python3
"""people.py DC [--count N] [--seed S] [--password P] [--json]

Fills a DC of the lab with people and groups: N of them (200), the awkward ones included. The same seed makes
the same people. Running it again adds what is missing and changes nothing else.

    OU=Staff        the root user container, with an OU for each department and OU=Groups
    OU=Outside      out of the container
    CN=JumpCloud,OU=Staff   the integration group
      > All Staff > a group for each department > its people
      > Team 001, ...       people of all departments, at most 200 teams
      > Chain 1 > Chain 2 > ... > Chain 10          one person at the end
      > Cycle A > Cycle B > Cycle C > Cycle A       one person each
      > Empty, VPN (global), Printers (domain local), Newsletter (distribution), names with a comma or an umlaut,
        Outside Helpers (in OU=Outside), Berlin (the primary group of one person)

People get no password unless --password gives them all the same (six times slower).
--json prints {"base_dn", "root_user_container", "outside_container", "integration_group", "service_account":
{"upn", "dn", "netbios", "password"}, "counts": {"people", "groups", "added", "seconds"},
"cases": {CASE: {"dn", "account"}}}; `CASES` below lists and explains the cases.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import json
import random
import time
import unicodedata
from dataclasses import dataclass, field

from directory import Dc, child, ldap_string, ldb, message, quoted_password, ticks

GLOBAL, LOCAL, UNIVERSAL = -2147483646, -2147483644, -2147483640
DISTRIBUTION = 8
ENABLED, DISABLED = 512, 514
PASSWORD_NOT_REQUIRED = 32
BATCH = 5000

DEPARTMENTS = ["Engineering", "Finance", "Legal", "Operations", "Research & Development", "Sales", "Support"]
TITLES = ["Analyst", "Architect", "Assistant", "Consultant", "Director", "Engineer", "Manager", "Specialist"]
CITIES = [("Berlin", "DE", "10115"), ("Denver", "US", "80202"), ("Oslo", "NO", "0150"), ("Zürich", "CH", "8001")]
GIVEN = """Ada Alan Barbara Carla Daniel Donald Edsger Elena Frances Grace Hedy Ida James Jean Joan John Karen
Katherine Ken Lars Leslie Linus Margaret Maria Niklaus Oleg Paula Radia Robert Rosa Sophie Tim Vera Whitfield""".split()
FAMILY = """Allen Bartik Berners Blum Cerf Clarke Diffie Easley Feinler Goldberg Hamilton Hopper Johnson Keller
Knuth Lamarr Lamport Liskov Lovelace Meyer Moore Perlman Ritchie Schmidt Shannon Thompson Turing Weber Wirth""".split()
GIVEN_BEYOND_ASCII = ["Zoë", "Jürgen", "Søren", "Łukasz", "Анна", "Ιωάννης", "美咲", "Nuño", "Þóra", "علي"]
FAMILY_BEYOND_ASCII = ["Müller", "Ångström", "Núñez", "Wałęsa", "Иванова", "Παππάς", "田中", "Çelik", "Großmann"]


@dataclass
class Person:
    """One account to be. `attributes` overrides what the names imply; None leaves an attribute out."""

    account: str
    given: str | None
    family: str | None
    department: str
    common_name: str | None = None
    outside: bool = False
    groups: list = field(default_factory=list)
    attributes: dict = field(default_factory=dict)


def case(account, given, family, groups=("department",), **rest):
    attributes = rest.pop("attributes", {})
    return Person(account, given, family, rest.pop("department", "Sales"), groups=list(groups), attributes=attributes, **rest)


# "department" among the groups stands for the group of the person's department, which is in scope.
CASES = {
    "ordinary": case("ada.example", "Ada", "Example"),
    "no_surname": case("nosurname", "Cher", None),
    "no_given_name": case("nogiven", None, "Prince"),
    "disabled": case("disabled", "Dora", "Disabled", attributes={"userAccountControl": DISABLED}),
    "expired": case("expired", "Egon", "Expired", attributes={"accountExpires": ticks(1_500_000_000)}),
    "expires_in_2100": case("expireslater", "Eva", "Later", attributes={"accountExpires": ticks(4_102_444_800)}),
    "domain_admin": case("domadmin", "Dag", "Admin", groups=["department", "Domain Admins"]),
    "nested_admin": case("nestedadmin", "Nadia", "Admin", groups=["department", "Server Team"]),
    "stale_admin_count": case("staleadmin", "Stan", "Former", attributes={"adminCount": 1}),
    "outside_container": case("outside", "Olga", "Outside", outside=True),
    "not_a_member": case("notmember", "Nils", "Nonmember", groups=[]),
    "non_ascii": case("zmueller", "Zoë", "Müller-Großmann"),
    "non_ascii_username": case("jürgen", "Jürgen", "Umlaut", attributes={"mail": "juergen.umlaut"}),
    "username_with_space": case("hal space", "Hal", "Space", attributes={"userPrincipalName": "hal.space"}),
    "username_starts_with_digit": case("4ever", "Fay", "Ever"),
    "longest_username": case("twentycharactersname", "Lou", "Long", common_name="Lou " + "Long" * 15),
    "comma_in_cn": case("comma", "Carl", "Comma", common_name="Comma, Carl"),
    "specials_in_cn": case("specials", "Sven", "Specials", common_name='#Sven + "The <Best>"; a=b \\ (*) /'),
    "apostrophe": case("doneil", "D'Arcy", "O'Neil"),
    "duplicate_mail_1": case("twin1", "Tina", "Twin", attributes={"mail": "twin"}),
    "duplicate_mail_2": case("twin2", "Tom", "Twin", attributes={"mail": "TWIN"}),
    "no_mail": case("nomail", "Nora", "Mailless", attributes={"mail": None}),
    "neither_mail_nor_upn": case("noaddress", "Noah", "Nowhere", attributes={"mail": None, "userPrincipalName": None}),
    "other_upn_suffix": case("suffix", "Susi", "Suffix", attributes={"userPrincipalName": "suffix@partner.example"}),
    "upper_case_mail": case("upper", "Ulla", "Upper", attributes={"mail": "ULLA.UPPER"}),
    "has_manager": case("managed", "Max", "Managed", attributes={"manager": "ordinary"}),
    "primary_group": case("berliner", "Berta", "Berliner", groups=["Berlin"]),
    "chain_end": case("chained", "Chen", "Chained", groups=["Chain 10"]),
    "cycle_a": case("cyclea", "Cyra", "Cycle", groups=["Cycle A"]),
    "cycle_b": case("cycleb", "Cyril", "Cycle", groups=["Cycle B"]),
    "cycle_c": case("cyclec", "Cyd", "Cycle", groups=["Cycle C"]),
    "distribution_only": case("newsonly", "Nele", "News", groups=["Newsletter"]),
    "outside_group_only": case("helper", "Hans", "Helper", groups=["Outside Helpers"]),
    "two_paths": case("twopaths", "Petra", "Paths", groups=["department", "VPN", "Chain 5", "JumpCloud"]),
}


def ascii_only(text):
    flat = unicodedata.normalize("NFKD", text)
    return "".join(c for c in flat if c.isascii() and c.isalnum()).lower()


def ordinary_people(count, seed):
    """Plain people, with a foreign name or a disabled account here and there."""
    dice = random.Random(seed)
    for number in range(1, count + 1):
        given, family = dice.choice(GIVEN), dice.choice(FAMILY)
        if number % 23 == 0:
            given, family = dice.choice(GIVEN_BEYOND_ASCII), dice.choice(FAMILY_BEYOND_ASCII)
        account = f"{(ascii_only(given) or 'x')[0]}{ascii_only(family)[:10]}{number}"
        if not account[0].isalpha():
            account = "x" + account
        person = Person(account, given, family, dice.choice(DEPARTMENTS), groups=["department"])
        person.common_name = f"{given} {family} {number}"
        person.attributes = {
            "employeeID": f"E{number:06d}",
            "mobile": f"+1 720 555 {number % 10000:04d}",
        }
        if number % 37 == 0:
            person.attributes["userAccountControl"] = DISABLED
        if number % 41 == 0:
            person.groups = []
        yield person


class Builder:
    def __init__(self, dc, seed, password):
        self.dc, self.seed, self.password = dc, seed, password
        self.db = dc.open(batch=True)
        self.base, self.domain = dc.base, dc.info["domain"]
        self.staff, self.outside = f"OU=Staff,{self.base}", f"OU=Outside,{self.base}"
        self.added = 0
        self.known = {}
        for entry in self.db.search(self.base, ldb.SCOPE_SUBTREE, "(sAMAccountName=*)", attrs=["sAMAccountName"]):
            self.known[str(entry["sAMAccountName"]).lower()] = str(entry.dn)
        self.members = {}

    def build(self, count, seed):
        people = list(CASES.values()) + list(ordinary_people(max(0, count - len(CASES)), seed))
        with_password = []
        self.transaction([self.containers])
        for start in range(0, len(people), BATCH):
            self.transaction([lambda p=p: self.person(p, with_password) for p in people[start:start + BATCH]])
        self.transaction([lambda: self.groups(people), self.managers])
        self.transaction([self.primary_group])
        for start in range(0, len(with_password), BATCH):
            self.transaction([lambda p=p: self.give_password(p) for p in with_password[start:start + BATCH]])
        return people

    def transaction(self, steps):
        self.db.transaction_start()
        try:
            for step in steps:
                step()
        except Exception:
            self.db.transaction_cancel()
            raise
        self.db.transaction_commit()

    def add(self, dn, attributes):
        self.db.add(message(self.db, dn, {k: v for k, v in attributes.items() if v is not None}, ldb.FLAG_MOD_ADD))
        self.added += 1

    def containers(self):
        departments = [child(self.db, self.staff, name, "OU") for name in DEPARTMENTS]
        for dn in [self.staff, self.outside, f"OU=Groups,{self.staff}", *departments]:
            if not self.exists(dn):
                self.add(dn, {"objectClass": "organizationalUnit"})

    def exists(self, dn):
        try:
            return bool(self.db.search(dn, ldb.SCOPE_BASE, attrs=["1.1"]))
        except ldb.LdbError as error:
            if error.args[0] == ldb.ERR_NO_SUCH_OBJECT:
                return False
            raise

    def person(self, person, with_password):
        if person.account.lower() in self.known:
            return
        parent = self.outside if person.outside else child(self.db, self.staff, person.department, "OU")
        full_name = " ".join(filter(None, [person.given, person.family]))
        dn = child(self.db, parent, person.common_name or full_name)
        self.add(dn, self.attributes(person, full_name))
        self.known[person.account.lower()] = dn
        if self.password:
            with_password.append(dn)

    def attributes(self, person, full_name):
        dice = self.dice(person.account)
        city, country, code = dice.choice(CITIES)
        number = dice.randrange(10000)
        values = {
            "objectClass": "user",
            "sAMAccountName": person.account,
            "userPrincipalName": person.account,
            "givenName": person.given,
            "sn": person.family,
            "displayName": full_name,
            "mail": ".".join(ascii_only(n) or "x" for n in (person.given, person.family) if n),
            "title": dice.choice(TITLES),
            "department": person.department,
            "company": "Example Inc.",
            "employeeType": dice.choice(["Employee", "Contractor"]),
            "telephoneNumber": f"+1 303 555 {number:04d}",
            "streetAddress": f"{1 + number % 900} Main Street",
            "l": city,
            "c": country,
            "postalCode": code,
            "physicalDeliveryOfficeName": f"B{number % 9}-{number % 300:03d}",
            "userAccountControl": ENABLED,
        }
        if "employeeID" in person.attributes:
            values["mail"] += person.attributes["employeeID"].lstrip("E0")
        values.update(person.attributes)
        values.pop("manager", None)
        # Without a password an account can be enabled only if it needs none.
        values["userAccountControl"] |= PASSWORD_NOT_REQUIRED
        for name in ("mail", "userPrincipalName"):
            if values[name] and "@" not in values[name]:
                values[name] += "@" + (self.domain.upper() if values[name].isupper() else self.domain)
        return values

    def groups(self, people):
        group = self.group
        group("JumpCloud", LOCAL, where=self.staff)
        group("Domain Admins", None, where=f"CN=Users,{self.base}")
        department_groups = [group(name, GLOBAL) for name in DEPARTMENTS]
        self.put("All Staff", department_groups, UNIVERSAL)
        self.put("JumpCloud", [group("All Staff", UNIVERSAL)])

        chain = [group(f"Chain {link}", UNIVERSAL) for link in range(1, 11)]
        for upper, lower in zip(["JumpCloud", *[f"Chain {n}" for n in range(1, 10)]], chain):
            self.put(upper, [lower])
        cycle = [group(f"Cycle {letter}", UNIVERSAL) for letter in "ABC"]
        for index, letter in enumerate("ABC"):
            self.put(f"Cycle {letter}", [cycle[(index + 1) % 3]])

        helpers = group("Outside Helpers", UNIVERSAL, where=self.outside)
        others = [("Empty", UNIVERSAL), ("VPN", GLOBAL), ("Printers", LOCAL), ("Newsletter", DISTRIBUTION),
                  ("Berlin", GLOBAL), ("Comma, Group", GLOBAL), ("Zürich Grüße", GLOBAL)]
        self.put("JumpCloud", [cycle[0], helpers, *[group(name, kind) for name, kind in others]])
        group("Server Team", GLOBAL)
        self.put("Domain Admins", [self.known["server team"]])

        by_group = {}
        for person in people:
            for name in person.groups:
                name = person.department if name == "department" else name
                by_group.setdefault(name, []).append(self.known[person.account.lower()])
        everyone = [self.known[p.account.lower()] for p in people if "department" in p.groups]
        for name in ("VPN", "Printers", "Newsletter", "Comma, Group", "Zürich Grüße", "Outside Helpers"):
            by_group.setdefault(name, []).extend(self.sample(name, everyone, 3, 8))
        for number in range(1, min(200, len(people) // 20) + 1):
            name = f"Team {number:03d}"
            group(name, GLOBAL)
            self.put("JumpCloud", [self.known[name.lower()]])
            by_group[name] = self.sample(name, everyone, 5, 30)
        for name, members in by_group.items():
            self.put(name, members)
        self.not_people()

    def dice(self, subject):
        """Apart for each subject, so that what is already there changes nothing for the rest."""
        return random.Random(f"{self.seed} {subject}")

    def sample(self, group, everyone, least, most):
        dice = self.dice(group)
        return dice.sample(everyone, min(len(everyone), dice.randint(least, most)))

    def not_people(self):
        """Members that are no users: a computer, a contact and a foreign security principal."""
        if "labpc$" not in self.known:
            computer = f"CN=LABPC,CN=Computers,{self.base}"
            self.add(computer, {"objectClass": "computer", "sAMAccountName": "LABPC$", "userAccountControl": 4096 + 32})
            self.known["labpc$"] = computer
        contact = child(self.db, f"OU=Groups,{self.staff}", "A Contact")
        if not self.exists(contact):
            self.add(contact, {"objectClass": "contact", "givenName": "A", "sn": "Contact", "mail": f"contact@{self.domain}"})
        self.put("VPN", [self.known["labpc$"], contact])
        self.put("Printers", [f"CN=S-1-5-11,CN=ForeignSecurityPrincipals,{self.base}"])

    def group(self, name, kind, where=None):
        account = name.replace(",", "")
        if account.lower() not in self.known:
            dn = child(self.db, where or f"OU=Groups,{self.staff}", name)
            self.add(dn, {"objectClass": "group", "sAMAccountName": account, "groupType": kind})
            self.known[account.lower()] = dn
        return self.known.setdefault(name.lower(), self.known[account.lower()])

    def put(self, name, members, kind=None):
        """Adds to the group those of `members` that it lacks."""
        group = self.known.get(name.lower()) or self.group(name, kind)
        if group not in self.members:
            entry = self.db.search(group, ldb.SCOPE_BASE, attrs=["member", "primaryGroupToken"])[0]
            self.members[group] = {ldb.Dn(self.db, str(m)).get_casefold() for m in entry.get("member", [])}
            token = str(entry["primaryGroupToken"])
            for user in self.db.search(self.base, ldb.SCOPE_SUBTREE, f"(primaryGroupID={token})", attrs=["1.1"]):
                self.members[group].add(user.dn.get_casefold())
        new = []
        for member in members:
            folded = ldb.Dn(self.db, member).get_casefold()
            if folded not in self.members[group]:
                self.members[group].add(folded)
                new.append(member)
        if new:
            self.db.modify(message(self.db, group, {"member": new}, ldb.FLAG_MOD_ADD))

    def managers(self):
        for person in CASES.values():
            if "manager" in person.attributes:
                boss = self.known[CASES[person.attributes["manager"]].account]
                self.replace(self.known[person.account], "manager", boss)

    def primary_group(self):
        group = self.db.search(self.known["berlin"], ldb.SCOPE_BASE, attrs=["primaryGroupToken"])[0]
        self.replace(self.known["berliner"], "primaryGroupID", str(group["primaryGroupToken"]))

    def replace(self, dn, attribute, value):
        entry = self.db.search(dn, ldb.SCOPE_BASE, attrs=[attribute])[0]
        if [str(v) for v in entry.get(attribute, [])] != [value]:
            self.db.modify(message(self.db, dn, {attribute: value}, ldb.FLAG_MOD_REPLACE))

    def give_password(self, dn):
        self.db.modify(message(self.db, dn, {"unicodePwd": quoted_password(self.password)}, ldb.FLAG_MOD_REPLACE))
        entry = self.db.search(dn, ldb.SCOPE_BASE, attrs=["userAccountControl"])[0]
        control = int(str(entry["userAccountControl"])) & ~PASSWORD_NOT_REQUIRED
        self.replace(dn, "userAccountControl", str(control))

    def service_account(self):
        """`samba-dc up` made it together with the domain."""
        info = self.dc.info
        if not self.db.search(self.base, ldb.SCOPE_SUBTREE, f"(userPrincipalName={ldap_string(info['service_upn'])})", attrs=["1.1"]):
            sys.exit(f"the service account {info['service_upn']} is gone; start anew with samba-dc up --fresh")
        return {"upn": info["service_upn"], "dn": info["service_dn"], "netbios": info["service_netbios"],
                "password": info["service_password"]}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("dc")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--password")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()

    started = time.monotonic()
    dc = Dc(given.dc)
    builder = Builder(dc, given.seed, given.password)
    people = builder.build(given.count, given.seed)
    seconds = round(time.monotonic() - started, 2)
    groups = len(builder.db.search(builder.staff, ldb.SCOPE_SUBTREE, "(objectClass=group)", attrs=["1.1"]))
    if not given.json:
        print(f"{len(people)} people and {groups} groups, {builder.added} objects added in {seconds} s")
        return
    print(json.dumps({
        "base_dn": dc.base,
        "root_user_container": builder.staff,
        "outside_container": builder.outside,
        "integration_group": builder.known["jumpcloud"],
        "service_account": builder.service_account(),
        "counts": {"people": len(people), "groups": groups, "added": builder.added, "seconds": seconds},
        "cases": {name: {"dn": builder.known[p.account.lower()], "account": p.account} for name, p in CASES.items()},
    }, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
