"""The fields of Kubernetes objects that the examples use, in their documented form, and what has to hold between them.

A field that is not here is a complaint: a cluster drops what it does not know without a word, or refuses it. The forms are
those of Argo Rollouts 1.8 (docs/features/analysis.md, docs/features/specification.md) and of Flagger 1.4x
(docs/gitbook/usage/webhooks.md, pkg/apis/flagger/v1beta1/canary.go).
"""

import re
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "docs" / "pipelines"

DURATION = re.compile(r"([0-9]+(ms|s|m|h))+")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# What `plumb gate serve` answers hooks at, by what the hook is for (docs/gate-serve.md).
CONFIRM = re.compile(r"http://plumb:\$\{PLUMB_TOKEN\}@[-.a-z0-9]+:[0-9]+/v1/flagger/([-a-z0-9]+)")
ROLLBACK = re.compile(CONFIRM.pattern + "/rollback")
GATE = re.compile(
    r"http://[-.a-z0-9]+:[0-9]+/v1/gates/\{\{args\.gate\}\}"
    r"\?key=\{\{args\.namespace\}\}:\{\{args\.rollout\}\}:\{\{args\.revision\}\}"
)


def one_of(*allowed):
    return lambda value: value in allowed


def matches(pattern):
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def text(value):
    return isinstance(value, str) and value != ""


METADATA = {"name": matches(NAME), "namespace?": matches(NAME)}

WEB = {
    "url": matches(GATE),
    "timeoutSeconds?": number,
    "headers": [{"key": one_of("Authorization"), "value": one_of("Bearer {{args.token}}")}],
    "jsonPath": matches(re.compile(r"\{\$\.[a-z]+\}")),
}

METRIC = {
    "name": matches(NAME),
    "interval": matches(DURATION),
    "successCondition": text,
    "failureCondition": text,
    "consecutiveSuccessLimit": number,
    "failureLimit": number,
    "inconclusiveLimit": number,
    "consecutiveErrorLimit": number,
    "provider": {"web": WEB},
}

ANALYSIS_TEMPLATE = {
    "apiVersion": one_of("argoproj.io/v1alpha1"),
    "kind": one_of("AnalysisTemplate"),
    "metadata": METADATA,
    "spec": {
        "args": [{"name": text, "valueFrom?": {"secretKeyRef": {"name": matches(NAME), "key": text}}}],
        "metrics": [METRIC],
    },
}

ARGUMENT = {
    "name": text,
    "value?": text,
    "valueFrom?": {"podTemplateHashValue?": one_of("Latest", "Stable"), "fieldRef?": {"fieldPath": text}},
}

STEP = {
    "setWeight?": number,
    "setCanaryScale?": {"replicas": number},
    "analysis?": {"templates": [{"templateName": matches(NAME)}], "args": [ARGUMENT]},
}

ROLLOUT = {
    "apiVersion": one_of("argoproj.io/v1alpha1"),
    "kind": one_of("Rollout"),
    "metadata": METADATA,
    "spec": {
        "replicas": number,
        "revisionHistoryLimit": number,
        "selector": {"matchLabels": {"app": text}},
        "template": {
            "metadata": {"labels": {"app": text}},
            "spec": {"containers": [{"name": matches(NAME), "image": text, "ports": [{"containerPort": number}]}]},
        },
        "strategy": {
            "canary": {
                "canaryService": matches(NAME),
                "stableService": matches(NAME),
                "trafficRouting": {"nginx": {"stableIngress": matches(NAME)}},
                "steps": [STEP],
            }
        },
    },
}

HOOK = {
    "name": text,
    # Not confirm-rollout: it is sent with the checksum of the revision before, and so is refused.
    "type": one_of("confirm-traffic-increase", "pre-rollout", "rollout", "confirm-promotion", "rollback"),
    "url": text,
    "timeout": matches(DURATION),
}

CANARY = {
    "apiVersion": one_of("flagger.app/v1beta1"),
    "kind": one_of("Canary"),
    "metadata": METADATA,
    "spec": {
        "targetRef": {"apiVersion": one_of("apps/v1"), "kind": one_of("Deployment"), "name": matches(NAME)},
        "service": {"port": number},
        "analysis": {
            "interval": matches(DURATION),
            "threshold": number,
            "stepWeight": number,
            "maxWeight": number,
            "webhooks": [HOOK],
        },
    },
}


def form(value, wanted, place="object"):
    """What a value has that its form has not, or the other way round."""
    if callable(wanted):
        return [] if wanted(value) else [f"{place}: {value!r} is not of its documented form"]
    if isinstance(wanted, list):
        if not isinstance(value, list) or not value:
            return [f"{place}: it has to be a list"]
        return [said for at, item in enumerate(value) for said in form(item, wanted[0], f"{place}[{at}]")]
    if not isinstance(value, dict):
        return [f"{place}: it has to have fields"]
    names = {name.rstrip("?"): (form_of, name.endswith("?")) for name, form_of in wanted.items()}
    said = [f"{place}: there is no field {name!r}" for name in value if name not in names]
    for name, (form_of, is_optional) in names.items():
        if name in value:
            said += form(value[name], form_of, f"{place}.{name}")
        elif not is_optional:
            said.append(f"{place}: the field {name!r} is missing")
    return said


def argo(document):
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind == "AnalysisTemplate":
        return form(document, ANALYSIS_TEMPLATE) or template(document["spec"])
    if kind == "Rollout":
        return form(document, ROLLOUT) or rollout(document)
    return [f"there is no example of the kind {kind!r}"]


def template(spec):
    """What has to hold between the fields of an analysis: the conditions themselves are judged by a test of the server."""
    said = []
    declared = {one["name"] for one in spec["args"]}
    for metric in spec["metrics"]:
        used = set(re.findall(r"\{\{\s*args\.([-\w]+)\s*\}\}", repr(metric)))
        said += [f"{metric['name']}: the argument {name!r} is not declared" for name in sorted(used - declared)]
        if metric["consecutiveSuccessLimit"] != 1:
            said.append(f"{metric['name']}: it does not end with the first success")
        if '"fail"' in metric["failureCondition"] and metric["failureLimit"] != 0:
            said.append(f"{metric['name']}: a failure would not end it")
    return said


def rollout(document):
    """Each analysis hands over what the template asks for, and a step does one thing."""
    from ruamel.yaml import YAML

    asked = YAML(typ="safe", pure=True).load((EXAMPLES / "argo-rollouts" / "analysis-template.yaml").read_text())
    wanted = {one["name"] for one in asked["spec"]["args"] if "valueFrom" not in one}
    said = []
    for at, step in enumerate(document["spec"]["strategy"]["canary"]["steps"]):
        if len(step) != 1:
            said.append(f"step {at}: it has to be one thing")
        if "analysis" not in step:
            continue
        given = {one["name"] for one in step["analysis"]["args"]}
        if given != wanted:
            said.append(f"step {at}: the arguments are {sorted(given)}, and the template asks for {sorted(wanted)}")
        for one in step["analysis"]["args"]:
            if ("value" in one) == ("valueFrom" in one) or len(one.get("valueFrom", {"": None})) != 1:
                said.append(f"step {at}: the argument {one['name']!r} has to have one value")
        for one in step["analysis"]["templates"]:
            if one["templateName"] != asked["metadata"]["name"]:
                said.append(f"step {at}: there is no template {one['templateName']!r}")
    return said


def flagger(document):
    return form(document, CANARY) or hooks(document["spec"]["analysis"]["webhooks"])


def hooks(webhooks):
    """A rollback is asked at its own address, and each gate that may stop a canary can also send it back."""
    said, stopping, backing = [], set(), set()
    for hook in webhooks:
        address = (ROLLBACK if hook["type"] == "rollback" else CONFIRM).fullmatch(hook["url"])
        if address is None:
            said.append(f"{hook['name']}: no such hook is answered at {hook['url']}")
        else:
            (backing if hook["type"] == "rollback" else stopping).add(address[1])
    if stopping != backing:
        said.append(f"the gates {sorted(stopping)} may stop it, and {sorted(backing)} send it back")
    return said
