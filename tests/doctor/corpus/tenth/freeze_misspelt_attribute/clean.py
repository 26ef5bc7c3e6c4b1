import torch
from torch import nn, optim

torch.manual_seed(8)


class Extractor(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 24), nn.ReLU())

    def forward(self, x):
        return self.body(x)


class Transfer(nn.Module):
    def __init__(self, backbone, n_out):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(24, n_out)

    def forward(self, x):
        return self.head(self.backbone(x))


def run(model, opt, x, y, epochs, bs=32):
    ce = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(bs):
            opt.zero_grad()
            ce(model(x[idx]), y[idx]).backward()
            opt.step()


directions = torch.randn(20, 5)

# source task: lots of data
xs = torch.randn(1200, 20)
source = Transfer(Extractor(), 5)
run(source, optim.Adam(source.parameters(), lr=1e-3), xs, (xs @ directions).argmax(1), 8)

# target task: only 60 labelled samples, so only the head is trained on top of the pretrained features
model = Transfer(source.backbone, 2)
for p in model.backbone.parameters():
    p.requires_grad = False
optimizer = optim.Adam(model.parameters(), lr=5e-3)

xt, xv = torch.randn(60, 20), torch.randn(400, 20)
yt = ((xt @ directions)[:, 0] > (xt @ directions)[:, 1]).long()
yv = ((xv @ directions)[:, 0] > (xv @ directions)[:, 1]).long()
run(model, optimizer, xt, yt, 30, bs=20)

model.eval()
with torch.no_grad():
    print("target accuracy", (model(xv).argmax(1) == yv).float().mean().item())
