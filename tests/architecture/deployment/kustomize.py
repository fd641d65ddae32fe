"""As much of Kustomize as deploy/k8s uses, because kustomize is not on every machine.

Where it is, `test_kubernetes.py` compares what both make of our files. Names of generated
ConfigMaps have no hash here.
"""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

WORKLOADS = {"Deployment", "StatefulSet", "Job"}
SELECTORS = {"selector", "podSelector", "labelSelector"}
UNDERSTOOD = {
    "apiVersion", "kind", "resources", "components", "configMapGenerator", "patches", "namespace",
    "namePrefix", "labels", "images", "replacements",
}  # fmt: skip


class NotUnderstoodError(Exception):
    """A kustomization uses what is not imitated here."""


def load(path: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def render(folder: Path) -> list[Manifest]:
    """All manifests of a kustomization, as `kubectl apply --kustomize` would send them."""
    return _build(folder, [])


def _build(folder: Path, manifests: list[Manifest]) -> list[Manifest]:
    wanted = load(folder / "kustomization.yaml")[0]
    if strange := wanted.keys() - UNDERSTOOD:
        raise NotUnderstoodError(f"{folder}: {', '.join(strange)}")
    for name in wanted.get("resources", []):
        path = folder / name
        manifests += render(path) if path.is_dir() else load(path)
    for name in wanted.get("components", []):
        manifests = _build((folder / name).resolve(), manifests)
    for generator in wanted.get("configMapGenerator", []):
        _generate(folder, generator, manifests)
    for step, transform in TRANSFORMATIONS.items():
        if step in wanted:
            transform(wanted[step], manifests)
    return manifests


def _generate(folder: Path, generator: Manifest, manifests: list[Manifest]) -> None:
    data = dict(literal.split("=", 1) for literal in generator.get("literals", []))
    data |= {name: (folder / name).read_text() for name in generator.get("files", [])}
    if generator.get("behavior") == "merge":
        _find(manifests, "ConfigMap", generator["name"])["data"].update(data)
        return
    metadata = {"name": generator["name"]}
    manifests.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _find(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    return next(m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name)


def _patch(patches: list[Manifest], manifests: list[Manifest]) -> None:
    for patch in patches:
        change = yaml.safe_load(patch["patch"])
        del change["kind"], change["metadata"]
        for manifest in manifests:
            if _is_target(patch["target"], manifest):
                _merge(manifest, change)


def _is_target(target: Manifest, manifest: Manifest) -> bool:
    found = {"kind": manifest["kind"], "name": manifest["metadata"]["name"]}
    return all(re.fullmatch(pattern, found[field]) for field, pattern in target.items())


def _merge(into: Manifest, change: Manifest) -> None:
    for key, value in copy.deepcopy(change).items():
        present = into.get(key)
        if value is None:
            into.pop(key, None)
        elif isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and _are_named(value):
            into[key] = _merge_named(present, value)
        else:
            into[key] = value


def _are_named(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(i, dict) and "name" in i for i in items)


def _merge_named(present: list[Manifest], changes: list[Manifest]) -> list[Manifest]:
    """What changes comes in front, as in Kustomize: a variable may refer only to earlier ones."""
    rest = {item["name"]: item for item in present}
    changed = []
    for change in changes:
        item = rest.pop(change["name"], {})
        _merge(item, change)
        changed.append(item)
    return [*changed, *rest.values()]


def _set_namespace(namespace: str, manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] != "Namespace":
            manifest["metadata"]["namespace"] = namespace
        for subject in manifest.get("subjects", []):
            subject["namespace"] = namespace


def _prefix_names(prefix: str, manifests: list[Manifest]) -> None:
    for manifest in manifests:
        manifest["metadata"]["name"] = prefix + manifest["metadata"]["name"]
        spec = manifest.get("spec", {})
        if manifest["kind"] in WORKLOADS:
            pod = spec["template"]["spec"]
            pod["serviceAccountName"] = prefix + pod["serviceAccountName"]
        if manifest["kind"] == "HorizontalPodAutoscaler":
            spec["scaleTargetRef"]["name"] = prefix + spec["scaleTargetRef"]["name"]


def _label(labels: list[Manifest], manifests: list[Manifest]) -> None:
    for label in labels:
        for manifest in manifests:
            _label_one(manifest, label)


def _label_one(manifest: Manifest, label: Manifest) -> None:
    pairs, selects = label["pairs"], label.get("includeSelectors", False)
    manifest["metadata"].setdefault("labels", {}).update(pairs)
    if manifest["kind"] in WORKLOADS and (selects or label.get("includeTemplates")):
        manifest["spec"]["template"]["metadata"].setdefault("labels", {}).update(pairs)
    if selects and manifest["kind"] == "Service":
        manifest["spec"]["selector"].update(pairs)
    elif selects:
        for selector in _selectors(manifest):
            selector.update(pairs)


def _selectors(node: Any) -> Iterator[dict[str, str]]:
    """Every `matchLabels`, those of a policy's peers as well."""
    children = node if isinstance(node, list) else node.values() if isinstance(node, dict) else ()
    for child in children:
        yield from _selectors(child)
    if isinstance(node, dict):
        yield from (
            node[key]["matchLabels"]
            for key in SELECTORS & node.keys()
            if "matchLabels" in (node[key] or {})
        )


def _rename_images(images: list[Manifest], manifests: list[Manifest]) -> None:
    names = {image["name"]: image["newName"] for image in images}
    for container in _containers(manifests):
        name, colon, tag = container["image"].partition(":")
        container["image"] = names.get(name, name) + colon + tag


def _containers(manifests: list[Manifest]) -> Iterator[Manifest]:
    for manifest in manifests:
        if manifest["kind"] in WORKLOADS:
            yield from manifest["spec"]["template"]["spec"]["containers"]


def _replace(replacements: list[Manifest], manifests: list[Manifest]) -> None:
    for replacement in replacements:
        source = replacement["source"]
        value = _find(manifests, source["kind"], source["name"])["data"][
            source["fieldPath"].removeprefix("data.")
        ]
        for target in replacement["targets"]:
            for manifest in (m for m in manifests if m["kind"] == target["select"]["kind"]):
                for path in target["fieldPaths"]:
                    _replace_part(manifest, path.split("."), target["options"], value)


def _replace_part(node: Any, path: list[str], options: Manifest, value: str) -> None:
    *parents, last = path
    for step in parents:
        node = node[step] if not step.startswith("[") else _named(node, step)
    parts = node[last].split(options["delimiter"])
    parts[options["index"]] = value
    node[last] = options["delimiter"].join(parts)


def _named(items: list[Manifest], step: str) -> Manifest:
    key, value = step.strip("[]").split("=")
    return next(item for item in items if item[key] == value)


TRANSFORMATIONS: dict[str, Callable[[Any, list[Manifest]], None]] = {
    "patches": _patch,
    "namespace": _set_namespace,
    "namePrefix": _prefix_names,
    "labels": _label,
    "images": _rename_images,
    "replacements": _replace,
}
"""In the order in which Kustomize applies them."""
