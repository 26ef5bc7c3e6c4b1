import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HP = {
    "lr": 0.1,
    "momentum": 0.9,
    "plateau": {"mode": "max", "factor": 0.3, "patience": 3},
    "epochs": 25,
    "batch": 64,
}


class MLP(nn.Module):
    def __init__(self, sizes=(64, 40, 10)):
        super().__init__()
        self.stack = nn.Sequential()
        for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
            self.stack.add_module(f"lin{i}", nn.Linear(a, b))
            if i < len(sizes) - 2:
                self.stack.add_module(f"act{i}", nn.Sigmoid())

    def forward(self, x):
        return self.stack(x)


class Session:
    def __init__(self, hp, seed=0):
        torch.manual_seed(seed)
        d = load_digits()
        parts = train_test_split(d.data / 16.0, d.target, test_size=0.3, stratify=d.target, random_state=seed)
        self.xa, self.xb = (torch.tensor(p).float() for p in parts[:2])
        self.ya, self.yb = (torch.tensor(p) for p in parts[2:])
        self.hp = hp
        self.model = MLP()
        self.loss_fn = nn.CrossEntropyLoss()
        self.opt = torch.optim.SGD(self.model.parameters(), lr=hp["lr"], momentum=hp["momentum"])
        self.sched = torch.optim.lr_scheduler.ReduceLROnPlateau(self.opt, **hp["plateau"])

    def train_epoch(self):
        self.model.train()
        for b in torch.randperm(len(self.xa)).split(self.hp["batch"]):
            self.opt.zero_grad()
            self.loss_fn(self.model(self.xa[b]), self.ya[b]).backward()
            self.opt.step()

    @torch.no_grad()
    def accuracy(self):
        self.model.eval()
        return (self.model(self.xb).argmax(1) == self.yb).float().mean().item()

    def run(self):
        for epoch in range(self.hp["epochs"]):
            self.train_epoch()
            acc = self.accuracy()
            self.sched.step(acc)
            if epoch % 6 == 0:
                print(epoch, "lr %.2e" % self.opt.param_groups[0]["lr"], "validation %.3f" % acc)


Session(HP).run()
