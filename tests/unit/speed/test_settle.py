"""What is written into a config after its options were measured."""

from __future__ import annotations

from seedbed.config.schema import Config
from seedbed.speed.choose import Numerics
from seedbed.speed.settle import fill


def test_only_what_a_config_left_open_is_written_out() -> None:
    parts = {"model": {"type": "MLP"}, "data": {"type": "Digits"}, "objective": {"type": "Classification"}}
    given = {"speed": "auto", "epochs": 1, "channels_last": True, "threads": 3}
    config = Config.model_validate({**parts, "trainer": given})
    trainer = fill(config, Numerics(channels_last=False, threads=1, precision="bf16")).trainer
    assert (trainer.channels_last, trainer.threads, trainer.precision, trainer.compile) == (True, 3, "bf16", "off")
