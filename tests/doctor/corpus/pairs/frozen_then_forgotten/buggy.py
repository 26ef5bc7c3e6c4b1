import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.neck = nn.Linear(32, 16)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        return self.fc(torch.relu(self.neck(self.features(x))))


def pretrain(m, x, y):
    opt = torch.optim.Adam(m.parameters(), lr=3e-3)
    m.train()
    for _ in range(40):
        i = torch.randint(0, len(x), (64,))
        opt.zero_grad()
        nn.functional.cross_entropy(m(x[i]), y[i]).backward()
        opt.step()


torch.manual_seed(27)
x = torch.randn(600, 10)
model = Backbone()
pretrain(model, x, x[:, :5].argmax(1))

# 전이 학습: neck 과 fc 만 다시 학습한다
for p in model.parameters():
    p.requires_grad = False
model.fc = nn.Linear(16, 2)
for p in model.fc.parameters():
    p.requires_grad = True

y2 = (x[:, 0] > x[:, 7]).long()
optimizer = torch.optim.Adam([*model.neck.parameters(), *model.fc.parameters()], lr=3e-3)
for epoch in range(5):
    model.train()
    for i in torch.randperm(480).split(48):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[i]), y2[i])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(epoch, (model(x[480:]).argmax(1) == y2[480:]).float().mean().item())
