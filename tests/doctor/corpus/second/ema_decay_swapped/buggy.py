import copy

import torch
from torch import nn


@torch.no_grad()
def blend(teacher: nn.Module, student: nn.Module, m: float) -> None:
    for t, s in zip(teacher.parameters(), student.parameters()):
        t.mul_(1 - m).add_(s, alpha=m)
    for t, s in zip(teacher.buffers(), student.buffers()):
        t.copy_(s)


def views(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x + 0.3 * torch.randn_like(x), x + 0.3 * torch.randn_like(x)


def consistency(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return (p.softmax(1) - q.softmax(1)).pow(2).sum(1).mean()


def main() -> None:
    torch.manual_seed(36)
    x = torch.randn(1000, 10)
    y = (x[:, :3].sum(1) > 0).long()
    seen = torch.where(torch.rand(1000) < 0.2, 1 - y, y)
    labelled = torch.arange(200)
    unlabelled = torch.arange(200, 700)
    student = nn.Sequential(nn.Linear(10, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 2))
    teacher = copy.deepcopy(student).requires_grad_(False).eval()
    opt = torch.optim.Adam(student.parameters(), lr=1e-2)
    for step in range(300):
        student.train()
        lab = labelled[torch.randint(0, 200, (32,))]
        unl = unlabelled[torch.randint(0, 500, (64,))]
        a, b = views(x[unl])
        with torch.no_grad():
            target = teacher(b)
        loss = nn.functional.cross_entropy(student(x[lab]), seen[lab]) + 0.5 * consistency(student(a), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        blend(teacher, student, 0.98)
    with torch.no_grad():
        print("teacher loss", nn.functional.cross_entropy(teacher(x[700:]), y[700:]).item())


main()
