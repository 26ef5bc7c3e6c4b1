"""The tables of short names: what a config's ``type`` can say, and where the part is defined.

Plain data, so that listing names imports nothing. To add a part: write it in its own file and add one line here.
"""

from __future__ import annotations

MODELS = {
    "Linear": "seedbed.models.linear:Linear",
    "MLP": "seedbed.models.mlp:MLP",
    "LeNet": "seedbed.models.lenet:LeNet",
    "ResNet": "seedbed.models.resnet:ResNet",
    "Conv1dNet": "seedbed.models.conv1d:Conv1dNet",
    "GRU": "seedbed.models.gru:GRU",
    "GPT": "seedbed.models.gpt:GPT",
}
DATA = {
    "Digits": "seedbed.data.datasets.digits:Digits",
    "MNIST": "seedbed.data.datasets.mnist:MNIST",
    "FashionMNIST": "seedbed.data.datasets.mnist:FashionMNIST",
    "MNIST1D": "seedbed.data.datasets.mnist1d:MNIST1D",
    "Bikes": "seedbed.data.datasets.bikes:Bikes",
    "Table": "seedbed.data.datasets.table:Table",
    "Text": "seedbed.data.datasets.text:Text",
    "ImageFolder": "seedbed.data.datasets.images:ImageFolder",
    "Arrays": "seedbed.data.datasets.arrays:Arrays",
}
OBJECTIVES = {
    "Classification": "seedbed.objectives.classification:Classification",
    "Binary": "seedbed.objectives.binary:Binary",
    "MultiLabel": "seedbed.objectives.binary:MultiLabel",
    "Regression": "seedbed.objectives.regression:Regression",
    "MultiClassHinge": "seedbed.objectives.hinge:MultiClassHinge",
    "LanguageModeling": "seedbed.objectives.language:LanguageModeling",
    "Functional": "seedbed.objectives.functional:Functional",
}
SCHEDULES = {
    name: f"seedbed.optim.schedules:{name}"
    for name in (
        "constant",
        "linear",
        "step",
        "multistep",
        "exponential",
        "cosine",
        "warm_restarts",
        "one_cycle",
        "polynomial",
        "wsd",
    )
} | {"plateau": "seedbed.optim.plateau:Plateau"}

TABLES: dict[str, dict[str, str]] = {
    "model": MODELS,
    "data": DATA,
    "objective": OBJECTIVES,
    "lr_scheduler": SCHEDULES,
    "optimizer": {},
}
