"""Answers what Python itself does, for the differential test: a JSON question a line, a JSON answer a line."""
import json
import re
import sys
import warnings

import yaml

warnings.simplefilter("ignore")
sys.setrecursionlimit(1000)


def ask_yaml(text):
    try:
        value = yaml.safe_load(text)
    except Exception:
        return {"stage": "yaml"}
    try:
        value = json.loads(json.dumps(value))
        posted = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except Exception:
        return {"stage": "json"}
    return {"stage": None if value else "empty", "json": posted}


def ask_regex(pattern, texts):
    try:
        compiled = re.compile(pattern)
    except Exception:
        return {"refused": True}
    found = (compiled.match(text) for text in texts)
    return {"refused": False, "found": [match and match.groupdict() for match in found]}


def ask_format(template, values):
    try:
        return {"text": re.sub("0x[0-9a-f]{6,}", "0xADDRESS", template.format(**values))}
    except Exception:
        return {"text": None}


ASK = {"yaml": ask_yaml, "regex": ask_regex, "format": ask_format}

for line in sys.stdin:
    kind, *question = json.loads(line)
    print(json.dumps(ASK[kind](*question)), flush=True)
