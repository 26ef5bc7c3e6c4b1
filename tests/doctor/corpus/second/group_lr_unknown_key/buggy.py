import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.manual_seed(0)

HP = dict(base_lr=1e-5, head_lr=1e-2, wd=1e-4, epochs=60)


def param_groups(model, hp):
    decay, no_decay = [], []
    for name, p in model.encoder.named_parameters():
        (no_decay if p.ndim == 1 else decay).append(p)
    return [
        {"params": decay, "weight_decay": hp["wd"]},
        {"params": no_decay, "weight_decay": 0.0},
        {"params": list(model.head.parameters()), "learning_rate": hp["head_lr"], "weight_decay": 0.0},
    ]


class Model(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(32, k)

    def forward(self, x):
        return self.head(self.encoder(x))


def pretrain(encoder, x, steps=200):
    decoder = nn.Linear(32, x.shape[1])
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
    for _ in range(steps):
        loss = nn.functional.mse_loss(decoder(encoder(x)), x)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss.item()


data = load_wine()
a, b, ya, yb = train_test_split(data.data, data.target, test_size=0.3, stratify=data.target, random_state=0)
a, b = torch.tensor(a).float(), torch.tensor(b).float()
ya, yb = torch.tensor(ya), torch.tensor(yb)
mu, sd = a.mean(0), a.std(0)
a, b = (a - mu) / sd, (b - mu) / sd

model = Model(13, 3)
print("reconstruction", pretrain(model.encoder, a))
opt = torch.optim.AdamW(param_groups(model, HP), lr=HP["base_lr"])
for epoch in range(HP["epochs"]):
    model.train()
    for idx in torch.randperm(len(a)).split(32):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(a[idx]), ya[idx])
        loss.backward()
        opt.step()
model.eval()
with torch.no_grad():
    print("last batch loss", loss.item(), "test acc", (model(b).argmax(1) == yb).float().mean().item())
