import argparse
import logging

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("two-phase")


class Classifier(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(n_in, 32), nn.LeakyReLU(0.1), nn.Linear(32, 32), nn.LeakyReLU(0.1))
        self.head = nn.Linear(32, n_out)

    def forward(self, x):
        return self.head(self.backbone(x))


class TwoPhaseTrainer:
    """Phase 1 trains the head on a fixed backbone, phase 2 the whole network with a decaying rate."""

    def __init__(self, model, args):
        self.model = model
        self.args = args
        self.criterion = nn.CrossEntropyLoss()
        self.model.backbone.requires_grad_(False)
        self.configure(lr=args.head_lr, epochs=args.head_epochs)

    def configure(self, lr, epochs):
        trainable = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = SGD(trainable, lr=lr, momentum=0.9, nesterov=True)
        self.scheduler = CosineAnnealingLR(self.optimizer, T_max=epochs)

    def unfreeze(self):
        self.model.backbone.requires_grad_(True)
        self.configure(lr=self.args.full_lr, epochs=self.args.full_epochs)

    def epoch(self, x, y):
        self.model.train()
        for idx in torch.randperm(len(x)).split(self.args.batch_size):
            self.optimizer.zero_grad()
            self.criterion(self.model(x[idx]), y[idx]).backward()
            self.optimizer.step()
        self.scheduler.step()

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()

    def fit(self, train, valid):
        for e in range(self.args.head_epochs + self.args.full_epochs):
            if e == self.args.head_epochs:
                self.unfreeze()
            self.epoch(*train)
            if e % 5 == 4:
                log.info("epoch %2d  valid accuracy %.3f", e, self.accuracy(*valid))


def wine(seed):
    x, y = load_wine(return_X_y=True)
    a, b, ya, yb = train_test_split(x, y, test_size=0.4, random_state=seed, stratify=y)
    mu, sigma = a.mean(0), a.std(0)
    as_x = lambda v: torch.tensor((v - mu) / sigma, dtype=torch.float32)
    return (as_x(a), torch.tensor(ya)), (as_x(b), torch.tensor(yb))


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--head-lr", type=float, default=0.02)
    ap.add_argument("--full-lr", type=float, default=0.05)
    ap.add_argument("--head-epochs", type=int, default=5)
    ap.add_argument("--full-epochs", type=int, default=25)
    ap.add_argument("--batch-size", type=int, default=8)
    ap.add_argument("--seed", type=int, default=6)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    train, valid = wine(args.seed)
    TwoPhaseTrainer(Classifier(13, 3), args).fit(train, valid)
