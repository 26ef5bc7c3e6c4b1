"""CycleGAN between two unpaired point clouds: four networks, two optimizers, a pool of past fakes, LSGAN losses."""
import itertools
import random

import torch
from torch import nn


class Pool:
    """Returns either the new fake or a stored older one (Shrivastava et al.)."""

    def __init__(self, size, rng):
        self.size, self.rng, self.items = size, rng, []

    def __call__(self, batch):
        out = []
        for row in batch.detach():
            if len(self.items) < self.size:
                self.items.append(row)
                out.append(row)
            elif self.rng.random() < 0.5:
                i = self.rng.randrange(self.size)
                out.append(self.items[i])
                self.items[i] = row
            else:
                out.append(row)
        return torch.stack(out)


class Residual(nn.Module):
    def __init__(self, d=2, h=48):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, d))
        nn.init.zeros_(self.f[-1].weight)  # starts as the identity map
        nn.init.zeros_(self.f[-1].bias)

    def forward(self, x):
        return x + self.f(x)


def discriminator(d=2, h=48):
    return nn.Sequential(nn.Linear(d, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, 1))


def domain_a(n, g):
    return torch.randn(n, 2, generator=g) * torch.tensor([1.0, 0.3])


def domain_b(n, g):
    return torch.randn(n, 2, generator=g) * torch.tensor([0.3, 1.0]) + torch.tensor([1.5, 0.0])


class CycleTrainer:
    def __init__(self, lam_cycle=1.0, lam_id=0.05, total=150):
        self.ab, self.ba = Residual(), Residual()
        self.da, self.db = discriminator(), discriminator()
        self.mse, self.l1 = nn.MSELoss(), nn.L1Loss()
        self.opt_g = torch.optim.Adam(itertools.chain(self.ab.parameters(), self.ba.parameters()), 2e-3, betas=(0.5, 0.999))
        self.opt_d = torch.optim.Adam(itertools.chain(self.da.parameters(), self.db.parameters()), 2e-3, betas=(0.5, 0.999))
        decay = lambda e: 1.0 - max(0, e - total // 2) / (total - total // 2 + 1)
        self.sched = [torch.optim.lr_scheduler.LambdaLR(o, decay) for o in (self.opt_g, self.opt_d)]
        rng = random.Random(5)
        self.pool_a, self.pool_b = Pool(50, rng), Pool(50, rng)
        self.lam_cycle, self.lam_id = lam_cycle, lam_id

    def set_d_grad(self, flag):
        for net in (self.da, self.db):
            net.requires_grad_(flag)

    def adv(self, d, x, real):
        score = d(x)
        return self.mse(score, torch.full_like(score, float(real)))

    def step(self, a, b):
        self.set_d_grad(False)
        self.opt_g.zero_grad()
        fb, fa = self.ab(a), self.ba(b)
        loss_gan = self.adv(self.db, fb, True) + self.adv(self.da, fa, True)
        loss_cyc = self.l1(self.ba(fb), a) + self.l1(self.ab(fa), b)
        loss_idt = self.l1(self.ab(b), b) + self.l1(self.ba(a), a)
        loss_g = loss_gan + self.lam_cycle * loss_cyc + self.lam_id * loss_idt
        loss_g.backward()
        self.opt_g.step()

        self.set_d_grad(True)
        self.opt_d.zero_grad()
        loss_d = 0.5 * (self.adv(self.da, a, True) + self.adv(self.da, self.pool_a(fa), False))
        loss_d = loss_d + 0.5 * (self.adv(self.db, b, True) + self.adv(self.db, self.pool_b(fb), False))
        loss_d.backward()
        self.opt_d.step()
        for s in self.sched:
            s.step()  # the rate falls per iteration here: LambdaLR was given the number of iterations
        return {"g": loss_g.item(), "d": loss_d.item(), "cycle": loss_cyc.item()}

    @torch.inference_mode()
    def evaluate(self, a, b):
        fb = self.ab(a)
        return {
            "mean_gap": (fb.mean(0) - b.mean(0)).norm().item(),
            "cycle_l1": (self.ba(fb) - a).abs().mean().item(),
        }


def main(total=150):
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    trainer = CycleTrainer(total=total)
    held = domain_a(500, g), domain_b(500, g)
    print("before", trainer.evaluate(*held))
    for it in range(total):
        logs = trainer.step(domain_a(64, g), domain_b(64, g))
        if it % 50 == 49:
            print(it + 1, {k: round(v, 3) for k, v in logs.items()})
    print("after", trainer.evaluate(*held))


if __name__ == "__main__":
    main()
