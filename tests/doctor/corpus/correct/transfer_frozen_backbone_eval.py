import torch
from torch import nn


class Transfer(nn.Module):
    def __init__(self, backbone, dim, classes):
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.head = nn.Linear(dim, classes)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, x):
        with torch.no_grad():
            z = self.backbone(x)
        return self.head(z)


torch.manual_seed(89)
bb = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
x = torch.randn(300, 1, 8, 8)
y = (x[:, 0, :4].mean((1, 2)) > 0).long()
model = Transfer(bb, 32, 2)
opt = torch.optim.Adam(model.head.parameters(), lr=1e-2)
for epoch in range(4):
    model.train()
    for i in torch.randperm(240).split(24):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[240:]).argmax(1) == y[240:]).float().mean().item())
