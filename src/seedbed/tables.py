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
    "Planted": "seedbed.data.datasets.planted:Planted",
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
TORCH_SCHEDULES = (
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "PolynomialLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
)
SCHEDULES = {
    **{
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
    },
    "plateau": "seedbed.optim.plateau:Plateau",
    **{name: f"torch.optim.lr_scheduler:{name}" for name in TORCH_SCHEDULES},
}
OPTIMIZERS = {
    name: f"torch.optim:{name}"
    for name in (
        "SGD",
        "Adam",
        "AdamW",
        "Adamax",
        "NAdam",
        "RAdam",
        "RMSprop",
        "Rprop",
        "Adagrad",
        "Adadelta",
        "Adafactor",
        "ASGD",
        "SparseAdam",
        "LBFGS",
    )
}
TRANSFORMS = {
    "random_crop": "seedbed.data.transforms:RandomCrop",
    "horizontal_flip": "seedbed.data.transforms:HorizontalFlip",
    "random_shift": "seedbed.data.transforms:RandomShift",
    "gaussian_noise": "seedbed.data.transforms:GaussianNoise",
    "cutout": "seedbed.data.transforms:Cutout",
}

TABLES: dict[str, dict[str, str]] = {
    "model": MODELS,
    "data": DATA,
    "objective": OBJECTIVES,
    "optimizer": OPTIMIZERS,
    "lr_scheduler": SCHEDULES,
    "transform": TRANSFORMS,
}
