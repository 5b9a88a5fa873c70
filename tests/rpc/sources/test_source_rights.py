"""Who may run a source, and who one that the service is not ready without."""

from __future__ import annotations

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded, put_policy, token_of
from tests.rpc.serving import refusal, serving
from tests.rpc.sources.recorders import NOMAD, PUPPET, Recorder
from tidings.v1 import source_service_pb2 as pb
from tidings.v1.source_service_pb2_grpc import SourceServiceStub

NO_PUPPET = "not allowed to publish events of puppet"
NO_TIDINGS = "not allowed to run a required source without the right to publish tidings"


def test_who_may_publish_a_system_may_run_its_sources_and_required_ones_with_one_right_more(
    address: str,
) -> None:
    with serving(address, guarded()) as served:
        secrets = {"nobody": ""}
        for name, systems in (("nomads", ["nomad"]), ("recorder", ["nomad", "tidings"])):
            put_policy(served.channel, name, f"publish = {systems}")
            _, secrets[name] = token_of(served.channel, name, policies=[name])

        def refused(who: str, system: int, source: str, *, required: bool) -> str:
            """Claim a source; return what is said against it, "" = it is granted."""
            recorder = Recorder(served, bearer(secrets[who]))
            recorder.claim(source, system, required=required)
            try:
                while recorder.hear() != "grant":
                    pass
            except grpc.RpcError as error:
                code, text = refusal(error)
                denial = "UNAUTHENTICATED" if who == "nobody" else "PERMISSION_DENIED"
                assert code.name == denial
                return text
            finally:
                recorder.die()
            return ""

        for who, system, source, required, text in (
            ("nobody", NOMAD, "a", False, "the credential is missing"),
            ("nomads", PUPPET, "a", False, NO_PUPPET),
            ("nomads", NOMAD, "a", False, ""),
            ("nomads", NOMAD, "a", True, NO_TIDINGS),
            ("nomads", NOMAD, "new", True, NO_TIDINGS),
            ("recorder", NOMAD, "a", True, ""),
            ("nomads", NOMAD, "a", False, NO_TIDINGS),
            ("recorder", NOMAD, "a", False, ""),
            ("nomads", NOMAD, "a", False, ""),
        ):
            assert refused(who, system, source, required=required) == text
        listed = SourceServiceStub(served.channel).ListSources(
            pb.ListSourcesRequest(), timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)
        )
        assert [(each.source, each.required) for each in listed.sources] == [("a", False)]


def test_sources_are_seen_by_who_may_read_their_system_and_forgotten_by_management(
    address: str,
) -> None:
    with serving(address, guarded()) as served:
        put_policy(served.channel, "reader", "puppet.jobs = 'read'")
        _, secret = token_of(served.channel, policies=["reader"])
        stub = SourceServiceStub(served.channel)
        for source, system in (("a", NOMAD), ("b", PUPPET)):
            recorder = Recorder(served, bearer(ROOT_SECRET))
            recorder.claim(source, system)
            assert recorder.granted() is None
            recorder.die()
        for credential, seen in ((ROOT_SECRET, ["a", "b"]), (secret, ["b"])):
            answer = stub.ListSources(
                pb.ListSourcesRequest(), timeout=PATIENCE_S, metadata=bearer(credential)
            )
            assert [each.source for each in answer.sources] == seen
        with pytest.raises(grpc.RpcError) as caught:
            stub.ForgetSource(
                pb.ForgetSourceRequest(source="b"), timeout=PATIENCE_S, metadata=bearer(secret)
            )
        assert refusal(caught.value) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "not allowed to forget sources",
        )
