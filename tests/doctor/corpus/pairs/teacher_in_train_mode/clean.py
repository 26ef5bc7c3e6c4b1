import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(width, p):
    return nn.Sequential(nn.Linear(9, width), nn.ReLU(), nn.Dropout(p), nn.Linear(width, 3))


def fit(model, x, y, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(epochs):
        for i in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            F.cross_entropy(model(x[i]), y[i]).backward()
            opt.step()


torch.manual_seed(64)
x = torch.randn(500, 9)
y = x[:, :3].argmax(1)
teacher = mlp(96, 0.5)
fit(teacher, x[:400], y[:400], 6)
teacher.requires_grad_(False)
teacher.eval()
student = mlp(16, 0.0)
opt = torch.optim.Adam(student.parameters(), lr=5e-3)
for epoch in range(6):
    student.train()
    for i in torch.randperm(400).split(40):
        with torch.no_grad():
            soft = F.softmax(teacher(x[i]) / 3, dim=1)
        loss = F.kl_div(F.log_softmax(student(x[i]) / 3, dim=1), soft, reduction="batchmean") * 9
        opt.zero_grad()
        loss.backward()
        opt.step()
    student.eval()
    with torch.no_grad():
        print(epoch, (student(x[400:]).argmax(1) == y[400:]).float().mean().item())
