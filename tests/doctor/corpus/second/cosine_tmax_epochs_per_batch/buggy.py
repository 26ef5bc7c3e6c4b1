import torch
from torch import nn, optim

EPOCHS, BATCH = 12, 25
torch.manual_seed(8)

# Zwei Halbmonde
theta = torch.rand(800) * torch.pi
label = torch.randint(0, 2, (800,))
px = torch.where(label == 0, theta.cos(), 1 - theta.cos())
py = torch.where(label == 0, theta.sin(), 0.5 - theta.sin())
data = torch.stack([px, py], 1) + 0.1 * torch.randn(800, 2)
order = torch.randperm(800)
train_idx, test_idx = order[:600], order[600:]

net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
opt = optim.Adam(net.parameters(), lr=1e-2)
plan = optim.lr_scheduler.CosineAnnealingLR(opt, T_max=EPOCHS)
kriterium = nn.CrossEntropyLoss()

for epoche in range(EPOCHS):
    net.train()
    for teil in train_idx[torch.randperm(600)].split(BATCH):
        opt.zero_grad()
        verlust = kriterium(net(data[teil]), label[teil])
        verlust.backward()
        opt.step()
        plan.step()
    print("Epoche", epoche, "Rate", plan.get_last_lr()[0])

net.eval()
with torch.no_grad():
    print("Trefferquote", (net(data[test_idx]).argmax(1) == label[test_idx]).float().mean().item())
