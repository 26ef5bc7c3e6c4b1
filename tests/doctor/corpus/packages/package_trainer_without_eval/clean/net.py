from torch import nn


def make_net(n_in, n_out, width=64, p=0.4):
    return nn.Sequential(
        nn.Linear(n_in, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(p), nn.Linear(width, n_out)
    )
