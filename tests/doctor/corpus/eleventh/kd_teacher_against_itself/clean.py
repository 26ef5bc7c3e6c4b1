import torch
import torch.nn as nn
import torch.nn.functional as F


class DistillLoss(nn.Module):
    def __init__(self, temperature=3.0, alpha=0.9):
        super().__init__()
        self.t = temperature
        self.alpha = alpha

    def forward(self, student_logits, teacher_logits, target):
        hard = F.cross_entropy(student_logits, target)
        soft_target = F.softmax(teacher_logits / self.t, dim=-1)
        log_p = F.log_softmax(student_logits / self.t, dim=-1)
        soft = F.kl_div(log_p, soft_target, reduction="batchmean") * self.t ** 2
        return self.alpha * soft + (1 - self.alpha) * hard


def mlp(h):
    return nn.Sequential(nn.Linear(12, h), nn.ReLU(), nn.Linear(h, 5))


def epoch_loop(model, x, y, opt, loss_fn):
    model.train()
    for idx in torch.randperm(len(x)).split(32):
        opt.zero_grad()
        loss_fn(x[idx], y[idx]).backward()
        opt.step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(9)
x = torch.randn(2000, 12)
y = (x @ torch.randn(12, 5) + 0.5 * torch.randn(2000, 5)).argmax(1)
big_x, big_y, small_x, small_y, test_x, test_y = x[:1200], y[:1200], x[1200:1400], y[1200:1400], x[1400:], y[1400:]

teacher = mlp(128)
opt_t = torch.optim.Adam(teacher.parameters(), lr=2e-3)
for _ in range(12):
    epoch_loop(teacher, big_x, big_y, opt_t, lambda a, b: F.cross_entropy(teacher(a), b))
teacher.eval().requires_grad_(False)

student = mlp(16)
opt_s = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9)
kd = DistillLoss()
for _ in range(30):
    epoch_loop(student, small_x, small_y, opt_s, lambda a, b: kd(student(a), teacher(a), b))
print("teacher", accuracy(teacher, test_x, test_y), "student", accuracy(student, test_x, test_y))
