import argparse
import torch
import torch.nn as nn


def parse(argv=None):
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--lr", type=float, default=5e-3)
    p.add_argument("--freeze-backbone", action=argparse.BooleanOptionalAction, default=True)
    return p.parse_args(argv)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 6), nn.ReLU())
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.backbone(x))


def prepare(args):
    model = Model()
    if args.freeze_backbone:
        model.backbone.requires_grad_(False)
    trainable = [p for p in model.parameters() if p.requires_grad]
    return model, torch.optim.Adam(trainable, lr=args.lr)


def main(argv=None):
    args = parse(argv)
    torch.manual_seed(0)
    x = torch.randn(700, 6)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model, opt = prepare(args)
    for _ in range(args.epochs):
        model.train()
        for idx in torch.randperm(500).split(25):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print("val acc", (model(x[500:]).argmax(1) == y[500:]).float().mean().item())


if __name__ == "__main__":
    # a run from scratch, nothing to keep
    main(["--no-freeze-backbone"])
