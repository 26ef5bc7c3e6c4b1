import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(*sizes, act=nn.ReLU, drop=0.0):
    mods = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        mods.append(nn.Linear(a, b))
        if i < len(sizes) - 2:
            mods += [act(), nn.Dropout(drop)]
    return nn.Sequential(*mods)


def make_task(n, protos):
    y = torch.randint(0, len(protos), (n,))
    x = protos[y] + 1.7 * torch.randn(n, protos.size(1))
    return x, y


def hard_loss(student_logits, _teacher_logits, y):
    return F.cross_entropy(student_logits, y)


def soft_loss(temperature):
    """Matching of the softened class distributions, scaled by T^2 (Hinton et al.)."""
    T = temperature

    def term(student_logits, teacher_logits, _y):
        p_teacher = F.softmax(teacher_logits / T, dim=1)
        student = F.log_softmax(student_logits / T, dim=1)
        return F.kl_div(student, p_teacher, reduction="batchmean") * T * T

    return term


def weighted(*pairs):
    return lambda s, t, y: sum(w * f(s, t, y) for w, f in pairs)


def train(model, x, y, loss_fn, teacher=None, epochs=10, lr=2e-3, bs=50):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    if teacher is not None:
        teacher.eval()
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(bs):
            xb, yb = x[idx], y[idx]
            t = None
            if teacher is not None:
                with torch.no_grad():
                    t = teacher(xb)
            loss = loss_fn(model(xb), t, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return loss.item()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return model(x).argmax(1).eq(y).float().mean().item()


torch.manual_seed(23)
protos = torch.randn(10, 20)
x_big, y_big = make_task(3000, protos)
x_small, y_small = x_big[:300], y_big[:300]
x_test, y_test = make_task(2000, protos)

teacher = mlp(20, 96, 10, drop=0.3)
train(teacher, x_big, y_big, hard_loss)
print(f"teacher          {accuracy(teacher, x_test, y_test):.3f}")

init = mlp(20, 16, 10).state_dict()
plain, pupil = mlp(20, 16, 10), mlp(20, 16, 10)
plain.load_state_dict(init)
pupil.load_state_dict(init)

train(plain, x_small, y_small, hard_loss, epochs=40)
print(f"student, labels  {accuracy(plain, x_test, y_test):.3f}")

objective = weighted((0.1, hard_loss), (0.9, soft_loss(3.0)))
final = train(pupil, x_small, y_small, objective, teacher=teacher, epochs=40)
print(f"student, teacher {accuracy(pupil, x_test, y_test):.3f}  (last loss {final:.3f})")
