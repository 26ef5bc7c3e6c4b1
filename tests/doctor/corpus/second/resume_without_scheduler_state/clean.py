import io
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR

TOTAL = 16


class Job:
    def __init__(self, lr=0.2):
        self.model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
        self.opt = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=0.9)
        self.sched = CosineAnnealingLR(self.opt, T_max=TOTAL)
        self.epoch = 0

    def state(self):
        return {
            "model": self.model.state_dict(),
            "opt": self.opt.state_dict(),
            "sched": self.sched.state_dict(),
            "epoch": self.epoch,
        }

    def restore(self, file):
        ckpt = torch.load(file, weights_only=True)
        self.model.load_state_dict(ckpt["model"])
        self.opt.load_state_dict(ckpt["opt"])
        self.sched.load_state_dict(ckpt["sched"])
        self.epoch = ckpt["epoch"]

    def run(self, x, y, until):
        while self.epoch < until:
            self.model.train()
            for idx in torch.randperm(len(x)).split(32):
                self.opt.zero_grad()
                nn.functional.cross_entropy(self.model(x[idx]), y[idx]).backward()
                self.opt.step()
            self.sched.step()
            self.epoch += 1

    @torch.no_grad()
    def loss(self, x, y):
        self.model.eval()
        return nn.functional.cross_entropy(self.model(x), y).item()


torch.manual_seed(88)
x = torch.randn(700, 10)
flip = torch.rand(700) < 0.1
y = ((x[:, 0] + x[:, 1] * x[:, 2] > 0) ^ flip).long()

first = Job()
first.run(x[:500], y[:500], TOTAL // 2)
disk = io.BytesIO()
torch.save(first.state(), disk)
disk.seek(0)

second = Job()
second.restore(disk)
second.run(x[:500], y[:500], TOTAL)
print(f"lr at the end {second.opt.param_groups[0]['lr']:.5f}, val loss {second.loss(x[500:], y[500:]):.4f}")
