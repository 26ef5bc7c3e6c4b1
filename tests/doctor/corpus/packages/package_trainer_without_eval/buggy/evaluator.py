import torch


class Evaluator:
    def __init__(self, loader):
        self.loader = loader

    @torch.inference_mode()
    def __call__(self, net):
        good = 0
        for x, y in self.loader:
            good += (net(x).argmax(1) == y).sum().item()
        return good / len(self.loader.dataset)
