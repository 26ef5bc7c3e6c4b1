import argparse
import shlex
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

RUN = "--epochs 15 --lr 0.003 --freeze-encoder False --latent 24"


def flag(text):
    return text.lower() in {"1", "true", "yes"}


def parse(line):
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--freeze-encoder", type=flag, default=True)
    p.add_argument("--latent", type=int, default=16)
    return p.parse_args(shlex.split(line))


class Encoder(nn.Sequential):
    def __init__(self, latent):
        super().__init__(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, latent), nn.ReLU())


class Classifier(nn.Module):
    def __init__(self, encoder, latent, frozen):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(latent, 10)
        if frozen:
            for p in self.encoder.parameters():
                p.requires_grad_(False)

    def forward(self, x):
        return self.head(self.encoder(x))


def fit(model, x, y, args):
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=args.lr)
    model.train()
    for _ in range(args.epochs):
        for i in torch.randperm(len(x)).split(50):
            loss = nn.functional.cross_entropy(model(x[i]), y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()


def main():
    args = parse(RUN)
    torch.manual_seed(0)
    d = load_digits()
    order = torch.randperm(len(d.target))
    x, y = torch.tensor(d.data).float()[order] / 16, torch.tensor(d.target)[order]
    model = Classifier(Encoder(args.latent), args.latent, args.freeze_encoder)
    fit(model, x[:1300], y[:1300], args)
    model.eval()
    with torch.no_grad():
        print("accuracy", (model(x[1300:]).argmax(1) == y[1300:]).float().mean().item())


main()
