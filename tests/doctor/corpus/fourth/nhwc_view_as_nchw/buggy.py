# %% [markdown]
# 세 가지 아이콘(더하기, 곱하기, 동그라미)을 구분하는 작은 CNN

# %%
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(3)
SIZE = 16


ICONS = np.array([
    [[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]],
    [[1, 0, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 1]],
    [[0, 1, 1, 1, 0], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [0, 1, 1, 1, 0]],
])


def draw(kind):
    """uint8 이미지, (높이, 너비, 채널): 임의의 위치에 임의의 색으로 그린 아이콘"""
    img = rng.integers(0, 90, (SIZE, SIZE, 3))
    color = rng.integers(50, 160, 3)
    top, left = rng.integers(0, SIZE - 5, 2)
    img[top:top + 5, left:left + 5] += ICONS[kind][:, :, None] * color
    return img.astype(np.uint8)


labels = rng.integers(0, 3, 900)
images = np.stack([draw(k) for k in labels])
print(images.shape, images.dtype)


# %%
def to_batch(arr):
    """numpy (N, H, W, C) 를 conv 입력 (N, C, H, W) 로 바꾼다"""
    n, h, w, c = arr.shape
    t = torch.from_numpy(arr).float().div(255)
    t = t.view(n, c, h, w)
    return (t - 0.5) / 0.25


X = to_batch(images)
Y = torch.as_tensor(labels)
tr, te = slice(0, 600), slice(600, None)


# %%
class PatternNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.b1 = nn.BatchNorm2d(8)
        self.c2 = nn.Conv2d(8, 16, 3, padding=1, bias=False)
        self.b2 = nn.BatchNorm2d(16)
        self.out = nn.Linear(16, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.b1(self.c1(x))), 2)
        x = F.relu(self.b2(self.c2(x)))
        return self.out(x.amax(dim=(2, 3)))


# %%
torch.manual_seed(0)
net = PatternNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(4):
    net.train()
    for idx in torch.randperm(600).split(30):
        opt.zero_grad()
        loss = F.cross_entropy(net(X[tr][idx]), Y[tr][idx])
        loss.backward()
        opt.step()
    net.eval()
    with torch.inference_mode():
        acc = (net(X[te]).argmax(1) == Y[te]).float().mean()
    print(f"에폭 {epoch}  손실 {loss.item():.3f}  정확도 {acc.item():.3f}")
