"""Load the trunk of a checkpoint written by a data-parallel run and fine-tune on few labels."""
import tempfile, os
import torch
import torch.nn as nn
import torch.nn.functional as F


class Trunk(nn.Module):
    def __init__(self, d=30, h=64):
        super().__init__()
        self.a = nn.Linear(d, h)
        self.b = nn.Linear(h, h)

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))))


class Model(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.trunk = Trunk()
        self.head = nn.Linear(64, k)

    def forward(self, x):
        return self.head(self.trunk(x))


def epochs(model, opt, x, y, n):
    model.train()
    for _ in range(n):
        for b in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            F.cross_entropy(model(x[b]), y[b]).backward()
            opt.step()


def strip(key, prefix="module."):
    return key[len(prefix):] if key.startswith(prefix) else key


def load_trunk(model, path):
    saved = torch.load(path, map_location="cpu", weights_only=True)
    state = {strip(k): v for k, v in saved.items() if not k.startswith("module.head.")}
    model.load_state_dict(state, strict=False)  # the new head has another size
    return model


def labels(x, directions, proj):
    return (torch.relu(x @ directions) @ proj).argmax(1)


torch.manual_seed(90)
directions = torch.randn(30, 5)
p_src, p_dst = torch.randn(5, 8), torch.randn(5, 3)

with tempfile.TemporaryDirectory() as folder:
    ckpt = os.path.join(folder, "pretrained.pt")
    # pretraining run
    wrapped = nn.DataParallel(Model(8))
    x = torch.randn(2000, 30)
    epochs(wrapped, torch.optim.Adam(wrapped.parameters(), lr=2e-3), x, labels(x, directions, p_src), 12)
    torch.save(wrapped.state_dict(), ckpt)

    # fine-tuning run
    model = load_trunk(Model(3), ckpt)

x_ft, x_te = torch.randn(90, 30), torch.randn(1000, 30)
opt = torch.optim.Adam([
    {"params": model.trunk.parameters(), "lr": 2e-4},
    {"params": model.head.parameters(), "lr": 3e-3},
])
epochs(model, opt, x_ft, labels(x_ft, directions, p_dst), 25)
model.eval()
with torch.no_grad():
    acc = (model(x_te).argmax(1) == labels(x_te, directions, p_dst)).float().mean().item()
print("fine-tuned test accuracy %.3f" % acc)
