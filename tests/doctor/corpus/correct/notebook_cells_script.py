# %% [markdown]
# # 붓꽃 흉내 데이터로 분류 연습 (정하늘)

# %%
import torch
from torch import nn

torch.manual_seed(48)

# %%
centers = torch.tensor([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
y = torch.arange(3).repeat_interleave(50)
x = centers[y] + 0.3 * torch.randn(150, 4)
idx = torch.randperm(150)
train, test = idx[:120], idx[120:]
mean, std = x[train].mean(0), x[train].std(0)
x = (x - mean) / std

# %%
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

# %%
losses = []
for epoch in range(30):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x[train]), y[train])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

# %%
model.eval()
with torch.no_grad():
    accuracy = (model(x[test]).argmax(1) == y[test]).float().mean().item()
print(f"마지막 손실 {losses[-1]:.3f}, 정확도 {accuracy:.3f}")
