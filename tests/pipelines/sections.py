"""The sections of a declarative pipeline of Jenkins, read with a grammar of Groovy.

There is no schema of it on a registry, and the linter of Jenkins is a running Jenkins. Checked is what the documentation
("Pipeline Syntax") says of the sections that are used: which may stand where, which have to, and how steps are called.
"""

import tree_sitter
import tree_sitter_groovy

# What may stand in a section, and what has to (with a `!`). A section that is not here is not looked into.
SECTIONS = {
    "": {"pipeline!"},
    "pipeline": {"agent!", "environment", "options", "stages!", "post"},
    "options": {"timeout!", "disableConcurrentBuilds", "skipStagesAfterUnstable!"},
    "stages": {"stage!"},
    "stage": {"environment", "steps!", "post"},
    "steps": {"sh", "echo"},
    "post": {"always!"},
    "always": {"junit!", "archiveArtifacts!"},
}
# The parameters of steps that are called by name.
NAMED = {"junit": {"testResults", "allowEmptyResults"}, "archiveArtifacts": {"artifacts", "allowEmptyArchive"}}
CALLS = ("method_invocation", "juxt_function_call")


def tree(text):
    language = tree_sitter.Language(tree_sitter_groovy.language())
    return tree_sitter.Parser(language).parse(text.encode()).root_node


def called(node):
    """The calls directly in a node: the name of each, with its node."""
    for child in node.named_children:
        if child.type in CALLS:
            name = child.named_children[0]
            yield name.text.decode(), child
        elif child.type == "expression_statement":
            yield from called(child)


def closure(call):
    for child in call.named_children:
        if child.type == "closure":
            return child
        found = closure(child) if child.type == "argument_list" else None
        if found is not None:
            return found
    return None


def check(text):
    root = tree(text)
    if root.has_error:
        return ["it is no Groovy"]
    return section("", root)


def section(name, node):
    wanted = SECTIONS[name]
    seen, said = [], []
    for inner, call in called(node):
        seen.append(inner)
        if inner not in {one.rstrip("!") for one in wanted}:
            said.append(f"line {call.start_point[0] + 1}: {inner!r} may not stand in {name or 'the file'!r}")
            continue
        said += parameters(inner, call)
        body = closure(call)
        if inner in SECTIONS:
            said += section(inner, body) if body is not None else [f"{inner!r} has to be a section"]
    needed = {one.rstrip("!") for one in wanted if one.endswith("!")}
    return said + [f"{name or 'the file'!r} has to have {one!r}" for one in sorted(needed - set(seen))]


def parameters(name, call):
    if name not in NAMED:
        return []
    given = set()
    for child in call.named_children[1:]:
        for one in child.named_children if child.type == "argument_list" else [child]:
            given.add(one.text.decode().split(":")[0].strip())
    return [f"{name!r} has no parameter {one!r}" for one in sorted(given - NAMED[name])]


def scripts(text):
    """What every `sh` runs."""
    found, left = [], [tree(text)]
    while left:
        node = left.pop()
        left.extend(node.named_children)
        if node.type in CALLS and node.named_children[0].text == b"sh":
            script = node.text.decode().removeprefix("sh").strip()
            found.append(script.strip("'").replace("\\\\", "\\"))
    return found
