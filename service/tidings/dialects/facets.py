"""What can be asked for of an event, found by a table of field paths for each system; pure.

What is not there, is empty, or is not text gives nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import compress
from typing import Any, NamedTuple

from tidings.core.conditions import ANY_KIND
from tidings.dialects.facet_paths import KEY, NAMED, FacetPaths, KindPaths, ObjectPaths
from tidings.dialects.paths import (
    EACH,
    Steps,
    Tree,
    every,
    gather,
    gather_each,
    is_set,
    items_of,
    members,
    one,
    steps_of,
    tree_of,
)


class ObjectVersion(NamedTuple):
    """An object as an event carries it; what the event does not say is "".

    `parents` are (kind, id) of the objects that it belongs to; `deleted` says that the event tells
    of its end.
    """

    kind: str
    id: str
    name: str
    namespace: str
    status: str
    deleted: bool
    parents: tuple[tuple[str, str], ...]


class Facets(NamedTuple):
    """What can be asked for of one event; "" = it has none.

    `identifiers` are (kind, value), and `text` is what is searched for words: neither holds an
    empty text, or the same twice.
    """

    type: str
    topic: str
    namespace: str
    identifiers: tuple[tuple[str, str], ...]
    text: tuple[str, ...]
    objects: tuple[ObjectVersion, ...]


def facets_of(paths: FacetPaths, event: Mapping[str, Any]) -> Facets:
    """Return the facets of an event whose members are spelled as the paths spell them.

    A value may be a message in the place of an object; both give the same.
    """
    plan = _plan_of_event(paths)
    wanted, holders, keys = plan
    values = members(event, wanted.names)
    kind, topic, namespace = wanted.texts(values)
    identifiers: dict[tuple[str, str], None] = {}
    text: list[str] = []
    if wanted.identifiers:
        _add_pairs(values[wanted.start_of_identifiers :], wanted.identifiers, identifiers)
    if wanted.words:
        gather_each(values[wanted.start_of_words :], wanted.words, text)
    objects = []
    for of, each, name, item in _objects(holders, event):
        held = members(item, each.names)
        version = _version(of, each, held, name, kind, event)
        _, version_id, title, _, _, _, parents = version
        if version_id:
            identifiers[name, version_id] = None
            objects.append(version)
        if title:
            identifiers[name, title] = None
            text.append(title)
        for parent in parents:
            identifiers[parent] = None
        if each.identifiers:
            _add_pairs(held[each.start_of_identifiers :], each.identifiers, identifiers)
        if each.words:
            gather_each(held[each.start_of_words :], each.words, text)
    if keys is not None:
        _add_keys(event, keys, identifiers)
    once = tuple(dict.fromkeys(text))
    return _new_facets((kind, topic, namespace, tuple(identifiers), once, tuple(objects)))


def identifiers_of(
    paths: FacetPaths, event: Mapping[str, Any], kind: str = ANY_KIND
) -> tuple[tuple[str, str], ...]:
    """Return the identifiers of the facets of an event, at least all of a kind.

    What has only words is not looked at, nor most of what has other kinds.
    """
    plans = _plans_by_kind(paths)
    wanted, holders, keys = plans.get(kind) or plans[NAMED]
    found: dict[tuple[str, str], None] = {}
    if wanted.identifiers:
        values = members(event, wanted.names)
        _add_pairs(values[wanted.start_of_identifiers :], wanted.identifiers, found)
    for of, each, name, item in _objects(holders, event):
        values = members(item, each.names)
        if of.kind == NAMED:
            _add_names(name, each.texts(values), found)
        if each.pairs:
            _add_pairs(values[each.end_of_texts :], each.pairs, found)
    if keys is not None:
        _add_keys(event, keys, found)
    return tuple(found)


@cache
def _plans_by_kind(paths: FacetPaths) -> Mapping[str, _Plan]:
    """Return a plan for each kind that a table names, and for any other as that of `NAMED`."""
    tables = [paths.identifiers]
    tables += [pairs for each in paths.objects for pairs in (each.parents, each.identifiers)]
    kinds = {kind for pairs in tables for kind, _ in pairs} | {each.kind for each in paths.objects}
    return {
        kind: _plan_of_event(_of_identifiers(paths, kind))
        for kind in (ANY_KIND, KEY, NAMED, *sorted(kinds))
    }


def _of_identifiers(paths: FacetPaths, kind: str) -> FacetPaths:
    """Return the part of a table that leads to identifiers of a kind, or of any.

    The ids and names of objects are identifiers like others, unless their kind is in the event.
    """
    wanted = {kind, NAMED}
    every = kind in {ANY_KIND, KEY}  # a key is one that no other kind has

    def some(pairs: KindPaths) -> KindPaths:
        return tuple((of, path) for of, path in pairs if path and (every or of in wanted))

    objects = []
    for each in paths.objects:
        is_named = each.kind == NAMED
        own = () if is_named else ((each.kind, each.id), (each.kind, each.name))
        left = replace(
            each,
            id=each.id if is_named else "",
            name=each.name if is_named else "",
            namespace="",
            status="",
            parents=some((*own, *each.parents)),
            identifiers=some(each.identifiers),
            text=(),
        )
        if is_named or left.parents or left.identifiers:
            objects.append(left)
    return replace(
        paths,
        identifiers=some(paths.identifiers),
        keys=paths.keys if every else (),
        text=(),
        objects=tuple(objects),
    )


def versions_in(
    paths: FacetPaths, kind: str, event: Mapping[str, Any]
) -> list[tuple[ObjectVersion, Any]]:
    """Return the objects that an event of a type carries and that have an id, and their values.

    What is no part of a version is not looked at.
    """
    found = []
    for of, wanted, name, item in _objects(_plan_of_versions(paths), event):
        values = members(item, wanted.names)
        version = _version(of, wanted, values, name, kind, event)
        if version[1]:  # its id
            found.append((version, item))
    return found


@cache
def _plan_of_versions(paths: FacetPaths) -> tuple[tuple[Steps, _Held], ...]:
    objects = tuple(replace(each, text=(), identifiers=()) for each in paths.objects)
    return _plan_of_event(replace(paths, objects=objects)).holders


def objects_in(
    paths: FacetPaths, event: Mapping[str, Any]
) -> Iterator[tuple[ObjectPaths, str, Any]]:
    """Yield what an event carries as objects: the paths, the kind and the object."""
    for each, _, kind, item in _objects(_plan_of_event(paths).holders, event):
        yield each, kind, item


def readable(payload: bytes) -> str:
    """Return bytes as text; "" if they are none."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return ""


# a class written in Python takes twice as long to make one, and there are some of each event
_new_version, _new_facets = partial(tuple.__new__, ObjectVersion), partial(tuple.__new__, Facets)


class _Wanted(NamedTuple):
    """All that is wanted of one value: first steps, and of what they lead to what follows.

    In this order: texts, pairs, and what has words.
    """

    names: tuple[str | None, ...]
    deep: tuple[tuple[int, Steps], ...]
    """Which of the texts lie deeper, and how to go on to them."""
    end_of_texts: int
    parents: tuple[Pair, ...]
    start_of_identifiers: int
    identifiers: tuple[Pair, ...]
    pairs: tuple[Pair, ...]
    """The parents and the identifiers."""
    start_of_words: int
    words: tuple[Tree | None, ...]

    def texts(self, values: list[Any]) -> list[str]:
        """Return the texts; "" for each that is none."""
        found = values[: self.end_of_texts]
        for place, steps in self.deep:
            found[place] = one(found[place], steps)
        for each in found:  # a loop takes half as long as a set of their types
            if type(each) is not str:
                return [each if type(each) is str else "" for each in found]
        return found


Pair = tuple[str, Steps, bool]
"""A kind, how to go on to what is of that kind, and whether there is more to do than to take it."""

_Held = Mapping[str, tuple[ObjectPaths, _Wanted, Steps]]
"""Of a value that holds objects, by a member's name: what is wanted of those in it."""


class _Plan(NamedTuple):
    wanted: _Wanted
    holders: tuple[tuple[Steps, _Held], ...]
    keys: Tree | None


def _wanted(
    texts: Sequence[str], parents: KindPaths, identifiers: KindPaths, words: tuple[str, ...]
) -> _Wanted:
    steps = [steps_of(path) if path else () for path in texts]
    names: list[str | None] = [each[0] if each else None for each in steps]
    pairs = [(kind, steps_of(path)) for kind, path in (*parents, *identifiers)]
    rests = [(kind, each[1:], len(each) > 1 or kind == NAMED) for kind, each in pairs]
    names += (each[0] for _, each in pairs)
    tree = tree_of(tuple(map(steps_of, words)))
    return _Wanted(
        names=(*names, *tree.names),
        deep=tuple((place, each[1:]) for place, each in enumerate(steps) if len(each) > 1),
        end_of_texts=len(texts),
        parents=tuple(rests[: len(parents)]),
        start_of_identifiers=len(texts) + len(parents),
        identifiers=tuple(rests[len(parents) :]),
        pairs=tuple(rests),
        start_of_words=len(names),
        words=tree.inner,
    )


@cache
def _plan_of_event(paths: FacetPaths) -> _Plan:
    """Return the plan; of many kinds of objects an event carries one or two, found by a name."""
    held: dict[Steps, dict[str, tuple[ObjectPaths, _Wanted, Steps]]] = {}
    for each in paths.objects:
        steps = steps_of(each.at)
        place = (steps.index(EACH) if EACH in steps else len(steps)) - 1
        names = (each.id, each.name, each.namespace, each.status)
        wanted = _wanted(names, each.parents, each.identifiers, each.text)
        held.setdefault(steps[:place], {})[steps[place]] = each, wanted, steps[place + 1 :]
    texts = (paths.type, paths.topic, paths.namespace)
    keys = tree_of(tuple(map(steps_of, paths.keys))) if paths.keys else None
    return _Plan(_wanted(texts, (), paths.identifiers, paths.text), tuple(held.items()), keys)


def _objects(
    holders: tuple[tuple[Steps, _Held], ...], event: Mapping[str, Any]
) -> list[tuple[ObjectPaths, _Wanted, str, Any]]:
    """Return what an event carries as objects; a list takes half as long as a generator."""
    objects: list[tuple[ObjectPaths, _Wanted, str, Any]] = []
    for steps_to_holder, held in holders:
        holder = one(event, steps_to_holder)
        for member, found in items_of(holder):
            if found is None or member not in held:
                continue
            paths, wanted, steps = held[member]
            if not steps and paths.kind != NAMED:  # as most are
                objects.append((paths, wanted, paths.kind, found))
                continue
            for item in every(found, steps):
                if paths.kind != NAMED:
                    objects.append((paths, wanted, paths.kind, item))
                else:
                    objects += [(paths, wanted, name, inside) for name, inside in item.items()]
    return objects


def _version(
    paths: ObjectPaths,
    wanted: _Wanted,
    values: list[Any],
    kind: str,
    event_type: str,
    event: Mapping[str, Any],
) -> ObjectVersion:
    """Return the version of an object of a kind, of which the values are what is wanted."""
    parents: dict[tuple[str, str], None] = {}
    if wanted.parents and any(held := values[wanted.end_of_texts :]):
        _add_pairs(held, wanted.parents, parents)
    is_gone = event_type in paths.gone_types or (bool(paths.gone) and is_set(event, paths.gone))
    object_id, name, namespace, status = wanted.texts(values)
    return _new_version((kind, object_id, name, namespace, status, is_gone, tuple(parents)))


def _add_pairs(
    values: list[Any], pairs: tuple[Pair, ...], found: dict[tuple[str, str], None]
) -> None:
    """Add kinds and values; there are at least as many values as pairs."""
    for (kind, steps, is_deep), value in compress(zip(pairs, values, strict=False), values):
        if is_deep:
            _add_deep(value, kind, steps, found)
        elif type(value) is str:
            found[kind, value] = None


def _add_names(kind: str, texts: list[str], found: dict[tuple[str, str], None]) -> None:
    """Add the id and the name of an object, the first two of its texts."""
    for text in texts[:2]:
        if text:
            found[kind, text] = None


def _add_keys(
    event: Mapping[str, Any], keys: Tree, identifiers: dict[tuple[str, str], None]
) -> None:
    """Add the keys of an event that no identifier of a kind has as its value."""
    found: list[str] = []
    gather(event, keys, found)
    told = {value for _, value in identifiers}
    for key in found:
        if key not in told:
            identifiers[KEY, key] = None


def _add_deep(value: Any, kind: str, steps: Steps, found: dict[tuple[str, str], None]) -> None:  # noqa: ANN401 - any JSON
    for each in every(value, steps):
        if kind != NAMED:
            if type(each) is str and each:
                found[kind, each] = None
            continue
        for name, inside in each.items():
            for text in filter(None, inside):
                found[name, text] = None
