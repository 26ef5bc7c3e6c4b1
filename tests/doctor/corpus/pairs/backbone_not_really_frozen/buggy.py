import torch
import torch.nn as nn

torch.manual_seed(20)
x = torch.randn(600, 16)
y_old = x[:, :4].argmax(1)
y_new = (x[:, :8].sum(1) > 0).long()

backbone = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
old_head = nn.Linear(32, 4)
opt = torch.optim.Adam([*backbone.parameters(), *old_head.parameters()], lr=3e-3)
for _ in range(60):
    i = torch.randint(0, 600, (64,))
    opt.zero_grad()
    nn.functional.cross_entropy(old_head(backbone(x[i])), y_old[i]).backward()
    opt.step()

backbone.requires_grad = False
before = [p.clone() for p in backbone.parameters()]
model = nn.Sequential(backbone, nn.Linear(32, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(480).split(48):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x[i]), y_new[i])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[480:]).argmax(1) == y_new[480:]).float().mean().item())
