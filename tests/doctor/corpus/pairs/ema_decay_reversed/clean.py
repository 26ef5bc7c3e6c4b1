import copy
import torch
from torch import nn, optim


@torch.no_grad()
def track(target: nn.Module, source: nn.Module, tau: float) -> None:
    for t, s in zip(target.parameters(), source.parameters()):
        t.lerp_(s, 1.0 - tau)


def main() -> None:
    torch.manual_seed(17)
    x = torch.randn(600, 7)
    y = (x[:, :3].sum(1) + 0.8 * torch.randn(600) > 0).long()
    student = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 2))
    average = copy.deepcopy(student).requires_grad_(False)
    opt = optim.AdamW(student.parameters(), lr=3e-3)
    for epoch in range(6):
        student.train()
        for i in torch.randperm(480).split(24):
            opt.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(student(x[i]), y[i]).backward()
            opt.step()
            track(average, student, tau=0.99)
        average.eval()
        with torch.no_grad():
            acc = (average(x[480:]).argmax(1) == y[480:]).float().mean().item()
        print(f"epoch {epoch} averaged acc {acc:.3f}")


main()
