import tempfile
from pathlib import Path

import torch
from torch import nn, optim


class Runner:
    def __init__(self, out_dir, lr=0.1, noise=0.0):
        self.dir = Path(out_dir)
        self.noise = noise
        self.model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
        self.optimizer = optim.SGD(self.model.parameters(), lr=lr, momentum=0.9)
        self.epoch = 0
        self.best_acc = 0.0

    def save(self, name):
        torch.save({
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "best_acc": self.best_acc,
        }, self.dir / name)

    def resume(self, name="last.pt"):
        state = torch.load(self.dir / name)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]

    def evaluate(self, x, y):
        self.model.eval()
        with torch.no_grad():
            return (self.model(x).argmax(1) == y).float().mean().item()

    def fit(self, data, until):
        (xt, yt), (xv, yv) = data
        while self.epoch < until:
            self.model.train()
            for idx in torch.randperm(len(xt)).split(32):
                self.optimizer.zero_grad()
                xb = xt[idx] + self.noise * torch.randn(len(idx), xt.shape[1])
                nn.functional.cross_entropy(self.model(xb), yt[idx]).backward()
                self.optimizer.step()
            self.epoch += 1
            acc = self.evaluate(xv, yv)
            if acc > self.best_acc:
                self.best_acc = acc
                self.save("best.pt")
                print(f"epoch {self.epoch}: new best {acc:.3f}")
            self.save("last.pt")


def blobs(n, centers):
    y = torch.randint(0, 3, (n,))
    return centers[y] + torch.randn(n, 8), y


torch.manual_seed(33)
centers = torch.randn(3, 8)
data = (blobs(300, centers), blobs(200, centers))
test_x, test_y = blobs(500, centers)
with tempfile.TemporaryDirectory() as tmp:
    Runner(tmp).fit(data, until=6)

    # second job of the queue: continue with noisy inputs
    second = Runner(tmp, noise=0.7)
    second.resume()
    second.fit(data, until=9)

    second.model.load_state_dict(torch.load(Path(tmp) / "best.pt")["model"])
    print("test accuracy of best.pt", round(second.evaluate(test_x, test_y), 3))
