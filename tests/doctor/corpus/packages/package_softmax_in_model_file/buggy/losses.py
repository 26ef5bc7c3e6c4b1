from torch import nn

LOSSES = {"ce": nn.CrossEntropyLoss, "mse": nn.MSELoss}


def build_loss(name, **kwargs):
    return LOSSES[name](**kwargs)
