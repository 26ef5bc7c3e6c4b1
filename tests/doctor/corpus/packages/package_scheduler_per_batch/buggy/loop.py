import torch
from torch.nn.functional import cross_entropy


def train(model, opt, sched, x, y, epochs):
    for epoch in range(epochs):
        model.train()
        for i in torch.randperm(len(x)).split(30):
            opt.zero_grad()
            loss = cross_entropy(model(x[i]), y[i])
            loss.backward()
            opt.step()
            sched.step()
        print(epoch, loss.item(), sched.get_last_lr())
