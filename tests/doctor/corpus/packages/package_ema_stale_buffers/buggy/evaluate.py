import torch


@torch.no_grad()
def accuracy(module, x, y):
    module.eval()
    return (module(x).argmax(1) == y).float().mean().item()
