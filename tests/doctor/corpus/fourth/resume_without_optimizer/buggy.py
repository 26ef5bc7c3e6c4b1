import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F


def make_problem(seed=0):
    g = torch.Generator().manual_seed(seed)
    A = torch.randn(400, 20, generator=g) * torch.logspace(0, -0.3, 20)
    w = torch.randn(20, 1, generator=g)
    return A, A @ w + 0.5 * torch.randn(400, 1, generator=g)


class Job:
    """A training job which may be killed and taken up again."""

    def __init__(self, folder, total_epochs):
        self.path = os.path.join(folder, "last.pt")
        self.total_epochs = total_epochs
        self.net = nn.Linear(20, 1)
        self.opt = torch.optim.Adam(self.net.parameters(), lr=3e-2, betas=(0.9, 0.999))
        self.sched = torch.optim.lr_scheduler.ExponentialLR(self.opt, gamma=0.95)
        self.first_epoch = 0
        if os.path.exists(self.path):
            self.resume()

    def save(self, epoch):
        state = {
            "epoch": epoch,
            "net": self.net.state_dict(),
            "opt": self.opt.state_dict(),
            "sched": self.sched.state_dict(),
        }
        torch.save(state, self.path)

    def resume(self):
        state = torch.load(self.path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.sched.load_state_dict(state["sched"])
        self.first_epoch = state["epoch"] + 1
        print("resumed at epoch", self.first_epoch)

    def run(self, train, held_out, stop_after=None):
        x, y = train
        self.net.train()
        for epoch in range(self.first_epoch, self.total_epochs):
            shuffle = torch.Generator().manual_seed(1000 + epoch)
            for idx in torch.randperm(len(x), generator=shuffle).split(20):
                self.opt.zero_grad()
                loss = F.mse_loss(self.net(x[idx]), y[idx])
                loss.backward()
                self.opt.step()
            self.sched.step()
            self.save(epoch)
            if stop_after is not None and epoch == stop_after:
                return
        self.net.eval()
        with torch.no_grad():
            print(f"held-out error {F.mse_loss(self.net(held_out[0]), held_out[1]).item():.6f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    x, y = make_problem()
    train, held_out = (x[:250], y[:250]), (x[250:], y[250:])
    with tempfile.TemporaryDirectory() as folder:
        Job(folder, total_epochs=80).run(train, held_out, stop_after=69)
        Job(folder, total_epochs=80).run(train, held_out)
