import torch
from torch import nn


def groups(model, wd):
    seen = set()
    decay, rest = [], []
    for m in model.modules():
        for name, p in m.named_parameters(recurse=False):
            if id(p) in seen or not p.requires_grad:
                continue
            seen.add(id(p))
            plain = name == "bias" or isinstance(m, (nn.LayerNorm, nn.Embedding))
            (rest if plain else decay).append(p)
    assert len(decay) + len(rest) == sum(1 for _ in model.parameters())
    return [{"params": decay, "weight_decay": wd}, {"params": rest, "weight_decay": 0.0}]


torch.manual_seed(35)
net = nn.Sequential(nn.Embedding(20, 8), nn.Flatten(), nn.Linear(48, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 2))
ids = torch.randint(0, 20, (300, 6))
y = (ids.sum(1) > 57).long()
opt = torch.optim.AdamW(groups(net, 0.05), lr=3e-3)
for epoch in range(5):
    net.train()
    for i in torch.randperm(300).split(30):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(ids[i]), y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
