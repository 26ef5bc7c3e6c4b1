import math
import torch
from torch import nn
import torch.nn.functional as F


class TwoTowers(nn.Module):
    def __init__(self, d_img=20, d_txt=12, d=16):
        super().__init__()
        self.img = nn.Sequential(nn.Linear(d_img, 32), nn.GELU(), nn.Linear(32, d))
        self.txt = nn.Sequential(nn.Linear(d_txt, 32), nn.GELU(), nn.Linear(32, d))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, a, b):
        a, b = F.normalize(self.img(a), dim=-1), F.normalize(self.txt(b), dim=-1)
        return self.logit_scale.exp() * a @ b.T


torch.manual_seed(13)
latent = torch.randn(320, 6)
images, texts = latent @ torch.randn(6, 20), latent @ torch.randn(6, 12)
model = TwoTowers()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
for epoch in range(4):
    model.train()
    for i in torch.randperm(320).split(32):
        logits = model(images[i], texts[i])
        target = torch.arange(len(i))
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
    print(epoch, loss.item())
