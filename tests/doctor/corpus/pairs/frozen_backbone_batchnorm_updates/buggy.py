import torch
import torch.nn as nn


class Transfer(nn.Module):
    def __init__(self, backbone, dim, classes):
        super().__init__()
        self.backbone = backbone
        for p in self.backbone.parameters():
            p.requires_grad_(False)
        self.fc = nn.Linear(dim, classes)

    def train(self, mode=True):
        super().train(mode)
        self.fc.train(mode)
        return self

    def forward(self, x):
        return self.fc(self.backbone(x))


def conv_backbone():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


torch.manual_seed(52)
src = torch.randn(200, 1, 9, 9)
bb = conv_backbone()
probe = nn.Linear(16, 2)
opt = torch.optim.Adam([*bb.parameters(), *probe.parameters()], lr=3e-3)
for i in torch.randperm(200).split(20):
    opt.zero_grad()
    nn.functional.cross_entropy(probe(bb(src[i])), (src[i].mean((1, 2, 3)) > 0).long()).backward()
    opt.step()

x = 2.0 + 1.5 * torch.randn(400, 1, 9, 9)
y = (x.mean((1, 2, 3)) > 2.0).long()
model = Transfer(bb, 16, 2)
opt = torch.optim.Adam(model.fc.parameters(), lr=1e-2)
for epoch in range(4):
    model.train()
    for i in torch.randperm(320).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[i]), y[i]).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[320:]).argmax(1) == y[320:]).float().mean().item())
