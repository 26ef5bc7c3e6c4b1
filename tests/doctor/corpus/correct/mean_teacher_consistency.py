import copy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(52)
x = torch.randn(400, 8)
y = x[:, :2].argmax(1)
student = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 2))
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.detach_()
opt = torch.optim.Adam(student.parameters(), lr=3e-3)
for epoch in range(5):
    student.train()
    teacher.train()  # the noise of both views is part of the method
    for i in torch.randperm(320).split(40):
        s = student(x[i])
        with torch.no_grad():
            t = teacher(x[i] + 0.05 * torch.randn_like(x[i]))
        loss = F.cross_entropy(s[:10], y[i][:10]) + F.mse_loss(s.softmax(1), t.softmax(1))
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for tp, sp in zip(teacher.parameters(), student.parameters()):
                tp.mul_(0.98).add_(sp, alpha=0.02)
    teacher.eval()
    with torch.no_grad():
        print(epoch, (teacher(x[320:]).argmax(1) == y[320:]).float().mean().item())
