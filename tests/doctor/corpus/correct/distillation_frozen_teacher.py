import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
x = torch.randn(400, 10)
y = x[:, :4].argmax(1)
teacher = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 4))
student = nn.Sequential(nn.Linear(10, 12), nn.ReLU(), nn.Linear(12, 4))


def train_teacher():
    opt = torch.optim.Adam(teacher.parameters(), lr=5e-3)
    teacher.train()
    for _ in range(4):
        for i in torch.randperm(320).split(32):
            opt.zero_grad()
            F.cross_entropy(teacher(x[i]), y[i]).backward()
            opt.step()


train_teacher()
teacher.eval()
for p in teacher.parameters():
    p.requires_grad = False

opt = torch.optim.Adam(student.parameters(), lr=5e-3)
T, alpha = 3.0, 0.7
for epoch in range(6):
    student.train()
    for i in torch.randperm(320).split(32):
        with torch.no_grad():
            t = teacher(x[i])
        s = student(x[i])
        soft = F.kl_div(F.log_softmax(s / T, 1), F.softmax(t / T, 1), reduction="batchmean") * T * T
        loss = alpha * soft + (1 - alpha) * F.cross_entropy(s, y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
student.eval()
with torch.no_grad():
    print("student", (student(x[320:]).argmax(1) == y[320:]).float().mean().item())
