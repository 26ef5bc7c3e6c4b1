import torch
import torch.nn as nn
import torch.nn.functional as F

options = dict(
    seed=19,
    optim=dict(name="SGD", kw=dict(lr=0.02, momentum=0.9)),
    sched=dict(name="ReduceLROnPlateau", kw=dict(mode="min", factor=0.3, patience=2, min_lr=1e-5)),
    epochs=21,
    batch=40,
    monitor="acc",
)


def glyphs(n):
    """12x12 pictures: plus, cross, box or disc at a random place, with noise."""
    kind = torch.randint(0, 4, (n,))
    img = 0.7 * torch.randn(n, 1, 12, 12)
    i = torch.arange(5)
    shapes = torch.zeros(4, 5, 5)
    shapes[0, 2, :] = shapes[0, :, 2] = 1
    shapes[1, i, i] = shapes[1, i, 4 - i] = 1
    shapes[2] = 1
    shapes[2, 1:4, 1:4] = 0
    shapes[3, 1:4, :] = shapes[3, :, 1:4] = 1
    for k in range(n):
        r, c = torch.randint(0, 8, (2,)).tolist()
        img[k, 0, r:r + 5, c:c + 5] += 1.2 * shapes[kind[k]]
    return img, kind


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(),
        nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 4),
    )


def build_optim(model, opt):
    optim = getattr(torch.optim, opt["optim"]["name"])(model.parameters(), **opt["optim"]["kw"])
    sched = getattr(torch.optim.lr_scheduler, opt["sched"]["name"])(optim, **opt["sched"]["kw"])
    return optim, sched


def validate(model, x, y):
    model.eval()
    with torch.no_grad():
        out = model(x)
    return {"loss": F.cross_entropy(out, y).item(), "acc": (out.argmax(1) == y).float().mean().item()}


def main(opt):
    torch.manual_seed(opt["seed"])
    x, y = glyphs(900)
    (xt, xv), (yt, yv) = x.split([600, 300]), y.split([600, 300])
    model = build_model()
    optim, sched = build_optim(model, opt)
    for epoch in range(opt["epochs"]):
        model.train()
        for idx in torch.randperm(len(xt)).split(opt["batch"]):
            optim.zero_grad()
            F.cross_entropy(model(xt[idx]), yt[idx]).backward()
            optim.step()
        result = validate(model, xv, yv)
        sched.step(result[opt["monitor"]])
        if epoch % 3 == 2:
            rate = optim.param_groups[0]["lr"]
            print("epoch %2d  loss %.3f  acc %.3f  lr %.5f" % (epoch, result["loss"], result["acc"], rate))


main(options)
