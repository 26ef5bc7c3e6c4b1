"""What names tell: people call a loader ``val_dl`` and a network ``net``. Used only where the flow says nothing."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TRAIN = frozenset(
    ["train", "training", "trn", "tr", "fit", "xtr", "ytr", "xtrain", "ytrain", "trainloader", "trainset", "traindata"]
)
_VAL = frozenset(
    [
        "val",
        "valid",
        "validation",
        "dev",
        "va",
        "xva",
        "yva",
        "xval",
        "yval",
        "eval",
        "evaluation",
        "heldout",
        "holdout",
        "valloader",
        "valset",
        "validate",
        "validloader",
        "vl",
    ]
)
_TEST = frozenset(["test", "testing", "te", "xte", "yte", "xtest", "ytest", "testloader", "testset", "testdata", "tst"])
_MODEL = frozenset(
    [
        "model",
        "net",
        "network",
        "encoder",
        "decoder",
        "backbone",
        "head",
        "generator",
        "discriminator",
        "critic",
        "actor",
        "policy",
        "student",
        "teacher",
        "classifier",
        "regressor",
        "mlp",
        "cnn",
        "unet",
        "transformer",
        "gpt",
        "lstm",
        "rnn",
        "gru",
        "vae",
        "autoencoder",
        "resnet",
        "bert",
        "net_g",
        "net_d",
    ]
)


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """The lower-case words of an identifier: ``valLoader_2`` → ``("val", "loader", "2")``."""
    return tuple(w.lower() for part in name.split("_") for w in _WORDS.findall(part))


@lru_cache(maxsize=4096)
def split_of(name: str) -> str:
    """``train``, ``val`` or ``test`` when the name says so, else ``""``."""
    found = set(words(name))
    if found & _TRAIN and found & (_VAL | _TEST):
        return ""  # both at once: the training rows when they are measured, or all that was not held out
    if found & _VAL:
        return "val"
    if found & _TEST:
        return "test"
    if found & _TRAIN:
        return "train"
    return ""


@lru_cache(maxsize=4096)
def is_model(name: str) -> bool:
    """Whether a variable of this name is usually a network."""
    if name in ("G", "D", "netG", "netD", "g", "d"):
        return name not in ("g", "d")
    found = words(name)
    return bool(found) and (bool(set(found) & _MODEL)) and not is_loss(name) and found[-1] not in _OTHER


_OTHER = frozenset(
    [
        "config",
        "cfg",
        "args",
        "path",
        "name",
        "dir",
        "file",
        "params",
        "lr",
        "state",
        "dict",
        "dim",
        "size",
        "type",
        "out",
        "output",
        "outputs",
        "loss",
        "optimizer",
        "opt",
        "optim",
        "scheduler",
        "fn",
        "cls",
        "class",
        "kwargs",
        "id",
        "grad",
        "norm",
        "ckpt",
        "checkpoint",
        "pred",
        "preds",
        "input",
        "inputs",
        "version",
    ]
) | frozenset(
    ["prob", "probs", "logit", "logits", "score", "scores", "reward", "rewards", "action", "actions", "token", "tokens",
     "mask", "masks", "label", "labels", "target", "targets", "weight", "weights", "gradient", "gradients", "loader",
     "dataset", "batch"]
)  # fmt: skip  # what a network takes or gives, not the network


def is_class(name: str) -> bool:
    """Whether a name is written like that of a class: ``EncoderRNN``, ``GRU_Tagger``; not ``G`` or ``Enc1``."""
    mixed = any(c.islower() for c in name) and not name[-1].isdigit()
    return mixed and all(part[:1].isupper() for part in name.split("_"))


@lru_cache(maxsize=4096)
def is_loss(name: str) -> bool:
    """Whether a callable of this name is usually a loss."""
    found = set(words(name))
    return bool(found & {"criterion", "loss", "ce", "bce", "mse", "objective", "crit"})


@lru_cache(maxsize=4096)
def is_optimizer(name: str) -> bool:
    """Whether a variable of this name is usually an optimizer."""
    found = set(words(name))
    return bool(found & {"opt", "optim", "optimizer", "optimiser", "sgd", "adam", "opts"}) and not is_scheduler(name)


@lru_cache(maxsize=4096)
def is_scheduler(name: str) -> bool:
    """Whether a variable of this name is usually a learning-rate schedule."""
    found = set(words(name))
    return bool(found & {"scheduler", "sched", "schedule", "schedulers", "warmup", "plateau"})


@lru_cache(maxsize=4096)
def is_evaluation(name: str) -> bool:
    """Whether a function of this name usually evaluates."""
    found = words(name)
    return any(
        w in found for w in ("evaluate", "validate", "eval", "validation", "test", "valid", "val", "score")
    ) and ("train" not in found)
