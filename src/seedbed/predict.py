"""What a run's best weights say about new inputs. Needs the run folder and no training data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.checkpoint.weights import load_best
from seedbed.config.components import Resolver
from seedbed.data.inputs import Inputs, read_inputs
from seedbed.data.normalizer import make_normalizer
from seedbed.data.pipeline import to_float
from seedbed.errors import CheckpointError, ConfigError, DataError
from seedbed.evaluate import evaluation_mode
from seedbed.models.gpt import sample
from seedbed.numerics import choose_device
from seedbed.parts import load, make_model, make_objective
from seedbed.run import project_of
from seedbed.rundir import RunDir, find_run_dir
from seedbed.seeding import forked_rng, torch_generator
from seedbed.tables import TABLES

BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Generation:
    """How a language model goes on: number of characters, seed, temperature and how many candidates."""

    length: int = 200
    seed: int = 0
    temperature: float = 1.0
    top_k: int | None = None


@dataclass(kw_only=True)
class Predictor:
    """A run's best model with its normalizers, ready for new inputs."""

    run: RunDir
    model: nn.Module
    objective: Any
    normalizer: nn.Module | None
    info: Mapping[str, Any]
    device: torch.device
    step: int
    weights: str
    notes: list[str] = field(default_factory=list)

    def rows(self, name: str, generation: Generation) -> Iterator[dict[str, Any]]:
        """One row for each sample of an input, or the one text that a language model makes of it."""
        inputs = read_inputs(name, self.info)
        self.notes += [f"{name}: {note}" for note in inputs.notes]
        with torch.no_grad(), forked_rng(), evaluation_mode(self.model):
            if self.info.get("task") == "language":
                yield self.generate(inputs, generation)
                return
            for start in range(0, len(inputs.tensor), BATCH):
                outputs = self.apply(inputs.tensor[start : start + BATCH], name)
                for offset, row in enumerate(self.describe(outputs)):
                    yield {"input": name, "row": start + offset, **row}

    def apply(self, batch: Tensor, name: str) -> Tensor:
        """The model's outputs for samples as they are in their file.

        Raises:
            DataError: The model does not take them.
        """
        x = to_float(batch.to(self.device))
        try:
            outputs: Any = self.model(x if self.normalizer is None else self.normalizer(x))
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise DataError(
                f"{name}: the model does not take samples of shape {tuple(batch.shape[1:])}: {reason}"
            ) from error
        if not isinstance(outputs, Tensor):
            raise DataError(f"{name}: the model gives a {type(outputs).__name__}; predict needs one tensor")
        return outputs

    def describe(self, outputs: Tensor) -> Iterator[dict[str, Any]]:
        """What the objective reads from outputs, a row for each sample; classes by name where they have one."""
        said = self.objective.predictions(outputs) if hasattr(self.objective, "predictions") else {"output": outputs}
        columns = {key: value.cpu().tolist() for key, value in said.items()}
        names = self.info.get("class_names")
        for index in range(len(outputs)):
            row = {key: values[index] for key, values in columns.items()}
            if names and isinstance(row.get("class"), int) and row["class"] < len(names):
                row["name"] = names[row["class"]]
            yield row

    def generate(self, inputs: Inputs, generation: Generation) -> dict[str, Any]:
        """A text that goes on from the prompt."""
        vocabulary = self.info["vocabulary"]
        generator = torch_generator(generation.seed, "generate")
        context = getattr(self.model, "context", None) or int(self.info["input_shape"][0])
        ids = inputs.tensor
        start = ids.size(1)
        for _ in range(generation.length):
            logits = self.model(ids[:, -context:].to(self.device))[:, -1].float().cpu()
            # a model may know more tokens than the text had characters
            logits = logits[:, : len(vocabulary)]
            ids = torch.cat([ids, sample(logits, generator, generation.temperature, generation.top_k)], dim=1)
        text = "".join(vocabulary[token] for token in ids[0].tolist())
        return {"input": inputs.name, "prompt": text[:start], "generated": text[start:]}


def open_predictor(path: Path, *, weights: str = "auto", device: str = "auto", allow: Sequence[str] = ()) -> Predictor:
    """The best model of a run.

    Args:
        path: A run folder, or a folder of runs (then the newest).
        weights: "raw", "ema", or "auto" for what the run was evaluated on.
        device: Where to compute.
        allow: More prefixes that dotted paths may have.

    Raises:
        ConfigError, CheckpointError, DataError: The run cannot be opened for predictions.
    """
    run = find_run_dir(path)
    tree, project = run.read_config(), project_of(run)
    name = str(tree.get("model", {}).get("type", ""))
    if name.startswith("python:"):
        raise ConfigError(
            f"{run.path} was made in Python by fit with the model {name.removeprefix('python:')}, which a command "
            "cannot build; in Python: model.load_state_dict of seedbed.checkpoint.weights.read_weights"
        )
    config = load(tree, allow=allow, project=project).config
    resolver = Resolver(TABLES, project, allow)
    saved, checkpoint = load_best(run.path)
    with forked_rng():
        model = make_model(resolver, config)
    chosen = config.evaluate.weights if weights == "auto" else weights
    used = "ema" if chosen != "raw" and "ema" in saved else "raw"
    if weights == "ema" and used == "raw":
        raise CheckpointError(f"{run.path} has no averaged weights; its config has no ema section")
    try:
        model.load_state_dict(saved["ema"]["module"] if used == "ema" else saved["model"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"{checkpoint.path}: its weights do not fit the model that the config names now: {reason}"
        ) from error
    objective = make_objective(resolver, config)
    where = choose_device(device)
    normalizer, targets = (restore_normalizer(config.data.args, saved, key, where) for key in ("", "targets"))
    if targets is not None and hasattr(objective, "report_in_units"):
        objective.report_in_units(targets.inverse)
    info = run.read_manifest().get("data", {}).get("info", {})
    return Predictor(
        run=run,
        model=model.to(where),
        objective=objective.to(where) if isinstance(objective, nn.Module) else objective,
        normalizer=normalizer,
        info=info,
        device=where,
        step=checkpoint.step,
        weights=used,
    )


def restore_normalizer(args: Mapping[str, Any], saved: Mapping[str, Any], key: str, device: torch.device) -> Any:
    """The fitted normalizer of the inputs ("") or the targets ("targets"); None if there is none."""
    normalizer = make_normalizer(args.get(f"normalize_{key}" if key else "normalize"))
    if normalizer is None:
        return None
    prefix = f"{key or 'inputs'}."
    found = {name.removeprefix(prefix): value for name, value in saved["normalizer"].items() if name.startswith(prefix)}
    normalizer.load_state_dict(found)
    return normalizer.to(device)
