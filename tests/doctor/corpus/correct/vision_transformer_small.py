import torch
from torch import nn


class ViT(nn.Module):
    def __init__(self, size=12, patch=4, d=32, classes=3):
        super().__init__()
        self.embed = nn.Conv2d(1, d, patch, patch)
        n = (size // patch) ** 2
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.pos = nn.Parameter(torch.randn(1, n + 1, d) * 0.02)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, classes)

    def forward(self, x):
        t = self.embed(x).flatten(2).transpose(1, 2)
        t = torch.cat([self.cls.expand(len(x), -1, -1), t], 1) + self.pos
        return self.head(self.norm(self.enc(t)[:, 0]))


torch.manual_seed(64)
y = torch.randint(0, 3, (200,))
x = 0.3 * torch.randn(200, 1, 12, 12)
for k in range(3):
    x[y == k, :, 4 * k:4 * k + 4] += 0.5
net = ViT()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(3):
    net.train()
    for i in torch.randperm(160).split(20):
        opt.zero_grad()
        nn.functional.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(x[160:]).argmax(1) == y[160:]).float().mean().item())
