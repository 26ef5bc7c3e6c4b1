# 간단한 회귀 실험: 두 나선의 각도를 예측한다
import math
import torch
import torch.nn as nn

torch.manual_seed(7)
OPT = dict(lr=2e-3, betas=(0.9, 0.999), eps=1e-8)
N_TRAIN, N = 640, 800

t = torch.rand(N, 1) * 3 * math.pi
points = torch.cat([t * torch.cos(t), t * torch.sin(t)], dim=1) / (3 * math.pi)
points = points + 0.01 * torch.randn_like(points)
t = t / (3 * math.pi)

net = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), **OPT)

for epoch in range(25):
    net.train()
    perm = torch.randperm(N_TRAIN)
    total = 0.0
    for i in range(0, N_TRAIN, 64):
        b = perm[i:i + 64]
        loss = nn.functional.mse_loss(net(points[b]), t[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(b)
    if epoch % 8 == 0:
        print(f"에폭 {epoch}: 학습 손실 {total / N_TRAIN:.4f}")

net.eval()
with torch.no_grad():
    print("검증 손실 %.5f" % nn.functional.mse_loss(net(points[N_TRAIN:]), t[N_TRAIN:]).item())
